// Whether the system allows the process the threads that a run needs.
#pragma once

namespace flowtrain {

// Starts this many threads at once and ends them again, which takes 20 us each. Throws
// std::runtime_error, saying what to do, when one cannot be started: TBB and OpenMP end the process
// when they find that out.
void CheckThreads(int threads);

// What to do about a thread that could not be started.
const char* MoreThreads();

}  // namespace flowtrain
