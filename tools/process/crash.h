// Crashes that are no defect of the program but a machine without memory.
#pragma once

namespace flowtrain {

// What is to be done where memory runs out.
inline constexpr char kMoreMemory[] =
    "out of memory; try a smaller data.batch_size, data.batch_slots or data.num_workers";

// Whether the process gets no more memory to speak of. Takes no lock and no heap, so that a signal
// handler may ask.
bool MemoryIsShort() noexcept;

// Ends the process at once, with kMoreMemory and ExitCode::kFailed. For a signal handler too.
[[noreturn]] void ExitForWantOfMemory() noexcept;

// From now on a SIGSEGV while memory is short says so and ends the process with ExitCode::kFailed.
// oneDNN calls kernels that it could not make for want of memory, and the main thread's stack may
// not grow. Any other is what it was before. On the main thread.
void ReportCrashesOfShortMemory();

}  // namespace flowtrain
