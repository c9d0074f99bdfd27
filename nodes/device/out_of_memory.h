// Whether an error says that a device has too little memory.
#pragma once

#include <exception>

namespace flowtrain {

// A GPU says so in several ways: libtorch's allocator with c10::OutOfMemoryError, the driver with an
// AcceleratorError, and cuDNN and cuBLAS, which take memory of their own, with the texts of their
// states.
bool IsOutOfMemory(const std::exception& error);

}  // namespace flowtrain
