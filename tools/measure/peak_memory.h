// The memory that this process holds.
#pragma once

#include <cstddef>

namespace flowtrain {

// Begins anew: the peak is what is held now. Where the kernel has no such thing it stays that of
// the whole process.
void ResetPeakMemory();
// Resident bytes at most since then; 0 where it cannot be read.
size_t PeakMemoryBytes();
// Resident bytes now that are no file's: pages of a mapped data set are the kernel's to drop.
size_t AnonymousMemoryBytes();

}  // namespace flowtrain
