// Crashes caused not by a defect of the program but by lack of memory.
#pragma once

namespace flowtrain {

// What to do where memory runs out.
inline constexpr char kMoreMemory[] =
    "out of memory; try a smaller data.batch_size, data.batch_slots or data.num_workers";

// Whether hardly any more memory is to be had. Takes no lock and no heap, so that a signal handler
// may call it.
bool MemoryIsShort() noexcept;

// Ends the process at once, with kMoreMemory and ExitCode::kFailed. Also for a signal handler.
[[noreturn]] void ExitForWantOfMemory() noexcept;

// From now on a SIGSEGV while memory is short says so and ends the process with ExitCode::kFailed:
// oneDNN calls kernels that it could not make for lack of memory, and the main thread's stack may
// be unable to grow. Any other SIGSEGV has the effect it had before. Call it on the main thread.
void ReportCrashesOfShortMemory();

}  // namespace flowtrain
