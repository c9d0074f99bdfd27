#include "tools/process/crash.h"

#include <execinfo.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

#include "pipeline/base/error.h"
#include "tools/process/key_watch.h"
#include "tools/process/standard_streams.h"

namespace flowtrain {
namespace {

constexpr size_t kLittle = size_t{64} << 20;  // more than a kernel, a stack or a task takes

struct sigaction before;

void OnSegmentationFault(int, siginfo_t*, void*) {
  if (MemoryIsShort()) ExitForWantOfMemory();
  KeyWatch::RestoreTerminal();
  sigaction(SIGSEGV, &before, nullptr);  // the instruction runs again and meets the old handler
}

// What the C library and libtorch end with where a page is not to be had. abort() goes on after this.
void OnAbort(int) {
  if (MemoryIsShort()) ExitForWantOfMemory();
  KeyWatch::RestoreTerminal();
}

}  // namespace

bool MemoryIsShort() noexcept {
  void* memory = mmap(nullptr, kLittle, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return true;
  munmap(memory, kLittle);
  return false;
}

void ExitForWantOfMemory() noexcept {
  KeyWatch::RestoreTerminal();
  WriteLineAtOnce("error: the process gets no more memory:");
  WriteLineAtOnce(kMoreMemory);
  _exit(static_cast<int>(ExitCode::kFailed));
}

void ReportCrashesOfShortMemory() {
  static std::array<char, 65536> stack;  // the main thread's own may be the one that could not grow
  stack_t alternative{};
  alternative.ss_sp = stack.data();
  alternative.ss_size = stack.size();
  sigaltstack(&alternative, nullptr);
  struct sigaction action {};
  action.sa_sigaction = OnSegmentationFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, &before);
  struct sigaction on_abort {};
  on_abort.sa_handler = OnAbort;
  on_abort.sa_flags = SA_ONSTACK;
  sigaction(SIGABRT, &on_abort, nullptr);
  // The C library loads the unwinder when a thread first needs it, and aborts where it cannot: now it can.
  void* frame = nullptr;
  backtrace(&frame, 1);
}

}  // namespace flowtrain
