// The memory that this process holds.
#pragma once

#include <cstddef>

namespace flowtrain {

// Starts afresh: the peak is what is held now. If the kernel cannot do that, it stays the peak of
// the whole process.
void ResetPeakMemory();
// The most resident bytes since then; 0 if it cannot be read.
size_t PeakMemoryBytes();
// Resident bytes now that belong to no file: the kernel may drop pages of a mapped data set.
size_t AnonymousMemoryBytes();

}  // namespace flowtrain
