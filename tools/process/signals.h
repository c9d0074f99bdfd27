// Ctrl-C and SIGTERM: the first drains the run, the second aborts it, the third ends the process.
// SIGHUP, from a terminal that was closed, drains it. Ctrl-Z stops the process until it is
// continued. SIGUSR1 asks for a progress report.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <array>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace flowtrain {

class RunControl;

// Called on the signal thread; each may be null.
struct SignalHooks {
  void (*before_exit)() = nullptr;     // the process ends at once, without destructors
  void (*before_stop)() = nullptr;     // the process stops (Ctrl-Z)
  void (*after_continue)() = nullptr;  // it was continued (fg, bg)
};

// Takes SIGINT and SIGTERM (which mean the same) for the whole process in a thread of its own that
// waits in sigwait, so that no work is done in a signal handler. Threads inherit the blocked mask:
// make this object first thing in main, before any other thread. SIGHUP is taken too, unless it is
// ignored (nohup); once the run is stopping it has no further effect, since the kernel and the
// shell may both send it. SIGPIPE and SIGXFSZ are ignored while the object lives, so that a closed
// pipe and a file that may not grow are write errors like any other; SIGTTIN and SIGTTOU too, so
// that a process in the background goes on when it uses its terminal.
class StopSignals {
 public:
  // `notice` gets one sentence for the user per signal; called on the signal thread. Throws
  // std::system_error if the thread cannot be made.
  explicit StopSignals(std::function<void(const std::string&)> notice, SignalHooks hooks = {});
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // While a Watch lives, signals go to `run`. Without one there is nothing to save, and the first
  // signal ends the process with ExitCode::kInterrupted.
  class Watch {
   public:
    // What the notice of the first signal says: called on the signal thread, once the run drains.
    using Stopping = std::function<std::string()>;
    Watch(StopSignals& signals, RunControl& run, Stopping stopping);
    // The same text whenever the signal comes.
    Watch(
        StopSignals& signals, RunControl& run,
        const char* stopping = "stopping: finishing the window, then a checkpoint; again to abort");
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    StopSignals& signals_;
  };

  // The number of signals so far that asked for an end.
  int count() const;

  // While an OnDemand lives, SIGUSR1 calls it, on the signal thread. Without one the signal does
  // nothing.
  class OnDemand {
   public:
    OnDemand(StopSignals& signals, std::function<void()> call);
    ~OnDemand();  // waits for a call under way
    OnDemand(const OnDemand&) = delete;
    OnDemand& operator=(const OnDemand&) = delete;

   private:
    StopSignals& signals_;
  };

 private:
  void Loop();
  void OnSignal(int signal);
  void OnUsr1();
  void OnStop() const;
  void OnContinue() const;

  const std::function<void(const std::string&)> notice_;
  const SignalHooks hooks_;
  sigset_t signals_, mask_before_;
  static constexpr std::array kIgnored = {SIGPIPE, SIGXFSZ, SIGTTIN, SIGTTOU};
  std::array<struct sigaction, kIgnored.size()> ignored_before_{};
  mutable std::mutex mutex_;
  RunControl* run_ = nullptr;
  Watch::Stopping stopping_;
  std::mutex demand_mutex_;
  std::function<void()> demand_;
  int count_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace flowtrain
