#include "tools/process/key_watch.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <utility>

namespace flowtrain {
namespace {

constexpr int kLookEveryMs = 300;  // whether the process has come to the foreground

// Terminal and its state belong to the process.
std::atomic<bool> changed{false};  // the terminal, which was as in terminal_before
std::atomic<bool> stopping{false};
std::atomic<int> live_wake{-1};  // of the KeyWatch that lives
termios terminal_before{};

enum class Place { kForeground, kBackground, kNoTerminal };

Place PlaceOfProcess() {
  const pid_t group = tcgetpgrp(STDIN_FILENO);
  if (group < 0) return Place::kNoTerminal;
  return group == getpgrp() ? Place::kForeground : Place::kBackground;
}

// Single keys without echo; Ctrl-C and Ctrl-Z still send signals. Only in the foreground: what is
// set in the background is set for the shell. Also where a shell has changed it back.
void TakeTerminal() {
  termios now{};
  if (stopping || tcgetattr(STDIN_FILENO, &now) != 0) return;
  if ((now.c_lflag & (ICANON | ECHO)) == 0) return;
  terminal_before = now;
  now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  now.c_cc[VMIN] = 1;
  now.c_cc[VTIME] = 0;
  changed = tcsetattr(STDIN_FILENO, TCSANOW, &now) == 0;
}

void Wake(int descriptor) {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(descriptor, &one, sizeof one);
}

// In the background, reading and setting the terminal then fail and do not stop the process.
void BlockTerminalSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTTIN);
  sigaddset(&signals, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

KeyWatch::KeyWatch(char key, std::function<void()> call) : key_(key), call_(std::move(call)) {
  if (isatty(STDIN_FILENO) != 1 || PlaceOfProcess() == Place::kNoTerminal) return;
  wake_ = eventfd(0, EFD_CLOEXEC);
  if (wake_ < 0) return;
  live_wake = wake_;
  thread_ = std::thread([this] { Loop(); });
}

KeyWatch::~KeyWatch() {
  if (wake_ < 0) return;
  end_ = true;
  Wake(wake_);
  thread_.join();
  live_wake = -1;
  close(wake_);
  RestoreTerminal();
}

void KeyWatch::RestoreTerminal() noexcept {
  if (!changed.exchange(false)) return;
  if (PlaceOfProcess() == Place::kForeground) tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}

void KeyWatch::BeforeStop() noexcept {
  stopping = true;
  RestoreTerminal();
}

void KeyWatch::AfterContinue() noexcept {
  stopping = false;
  if (const int wake = live_wake; wake >= 0) Wake(wake);
}

void KeyWatch::Loop() {
  BlockTerminalSignals();
  while (!end_) {
    const Place place = PlaceOfProcess();
    const bool mine = place == Place::kForeground;
    if (mine) TakeTerminal();
    std::array<pollfd, 2> inputs = {pollfd{mine ? STDIN_FILENO : -1, POLLIN, 0},
                                    pollfd{wake_, POLLIN, 0}};
    // A shell's `fg` for a process that runs in the background sends no signal.
    const int wait_ms = place == Place::kBackground ? kLookEveryMs : -1;
    if (poll(inputs.data(), inputs.size(), wait_ms) <= 0) continue;
    if (inputs[1].revents != 0) {
      uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = read(wake_, &count, sizeof count);
    } else if (!ReadKey() && PlaceOfProcess() != Place::kBackground) {
      return;  // the terminal is gone
    }
  }
}

// False if nothing can be read.
bool KeyWatch::ReadKey() const {
  char pressed = 0;
  if (read(STDIN_FILENO, &pressed, 1) <= 0) return false;
  if (pressed == key_) call_();
  return true;
}

}  // namespace flowtrain
