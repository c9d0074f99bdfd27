// Whether the system lets the process have the threads that a run takes.
#pragma once

namespace flowtrain {

// Makes so many threads at once and ends them again, in 20 us each. Throws std::runtime_error that
// says what to do where one cannot be made: TBB and OpenMP end the process when they find that out.
void CheckThreads(int threads);

// What is to be done about a thread that could not be made.
const char* MoreThreads();

}  // namespace flowtrain
