// The most memory that a process held.
#pragma once

#include <cstddef>

namespace flowtrain {

// Begins anew: the peak is what is held now. False where the kernel has no such thing; the peak is
// that of the whole process then.
bool ResetPeakMemory();
// Resident bytes at most since then; 0 where it cannot be read.
size_t PeakMemoryBytes();

}  // namespace flowtrain
