#include "tools/process/signals.h"

#include <unistd.h>

#include <utility>

#include "pipeline/base/error.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

bool IsIgnored(int signal) {
  struct sigaction now {};
  sigaction(signal, nullptr, &now);
  return now.sa_handler == SIG_IGN;
}

}  // namespace

StopSignals::StopSignals(std::function<void(const std::string&)> notice, SignalHooks hooks)
    : notice_(std::move(notice)), hooks_(hooks) {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGUSR1);
  sigaddset(&signals_, SIGCONT);
  for (const int signal : {SIGHUP, SIGTSTP}) {
    if (!IsIgnored(signal)) sigaddset(&signals_, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals_, &mask_before_);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  for (size_t i = 0; i < kIgnored.size(); ++i) {
    sigaction(kIgnored[i], &ignore, &ignored_before_[i]);
  }
  thread_ = std::thread([this] { Loop(); });
}

StopSignals::~StopSignals() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  // Wakes sigwait. A signal sent to one thread dies with it, so none is left over.
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
  for (size_t i = 0; i < kIgnored.size(); ++i) {
    sigaction(kIgnored[i], &ignored_before_[i], nullptr);
  }
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

StopSignals::Watch::Watch(StopSignals& signals, RunControl& run, Stopping stopping)
    : signals_(signals) {
  std::lock_guard<std::mutex> lock(signals_.mutex_);
  signals_.run_ = &run;
  signals_.stopping_ = std::move(stopping);
}

StopSignals::Watch::Watch(StopSignals& signals, RunControl& run, const char* stopping)
    : Watch(signals, run, [stopping] { return std::string(stopping); }) {}

StopSignals::Watch::~Watch() {
  std::lock_guard<std::mutex> lock(signals_.mutex_);
  signals_.run_ = nullptr;
}

int StopSignals::count() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return count_;
}

void StopSignals::Loop() {
  for (;;) {
    int signal = 0;
    if (sigwait(&signals_, &signal) != 0) continue;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stop_) return;
    }
    if (signal == SIGUSR1) {
      OnUsr1();
    } else if (signal == SIGTSTP) {
      OnStop();
    } else if (signal == SIGCONT) {
      OnContinue();
    } else {
      OnSignal(signal);
    }
  }
}

void StopSignals::OnStop() const {
  if (hooks_.before_stop != nullptr) hooks_.before_stop();
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  raise(SIGTSTP);
  pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);  // the process stops here until it is continued
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  OnContinue();  // nobody continues a process that the kernel does not stop: it has no shell
}

void StopSignals::OnContinue() const {
  if (hooks_.after_continue != nullptr) hooks_.after_continue();
}

void StopSignals::OnUsr1() {
  const std::lock_guard<std::mutex> lock(demand_mutex_);
  if (demand_) demand_();
}

StopSignals::OnDemand::OnDemand(StopSignals& signals, std::function<void()> call)
    : signals_(signals) {
  const std::lock_guard<std::mutex> lock(signals_.demand_mutex_);
  signals_.demand_ = std::move(call);
}

StopSignals::OnDemand::~OnDemand() {
  const std::lock_guard<std::mutex> lock(signals_.demand_mutex_);
  signals_.demand_ = nullptr;
}

void StopSignals::OnSignal(int signal) {
  std::string sentence;
  {
    // Held during the request, so that the run outlives it.
    std::lock_guard<std::mutex> lock(mutex_);
    if (signal == SIGHUP && count_ > 0) return;
    ++count_;
    if (run_ == nullptr || count_ > 2) {
      if (hooks_.before_exit != nullptr) hooks_.before_exit();
      _exit(static_cast<int>(ExitCode::kInterrupted));
    }
    if (count_ == 1) {
      run_->RequestDrain();
      sentence = stopping_();
    } else {
      run_->RequestAbort();
      sentence = "aborting: what is in flight is dropped, no checkpoint; again to exit at once";
    }
  }
  notice_(sentence);
}

}  // namespace flowtrain
