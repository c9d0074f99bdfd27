// What the accelerator for tests did, for libtorch's profiler.
#pragma once

#include <chrono>

namespace flowtrain::accelerator {

// Called by a stream's thread when it has done a piece of work.
void NoteWork(bool copy, int stream, std::chrono::system_clock::time_point begin,
              std::chrono::system_clock::time_point end);

}  // namespace flowtrain::accelerator
