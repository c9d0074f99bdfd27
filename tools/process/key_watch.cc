#include "tools/process/key_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

namespace flowtrain {
namespace {

std::atomic<bool> changed{false};
termios terminal_before{};

bool MayReadTerminal() { return isatty(STDIN_FILENO) == 1 && tcgetpgrp(STDIN_FILENO) == getpgrp(); }

}  // namespace

KeyWatch::KeyWatch(char key, std::function<void()> call) : key_(key), call_(std::move(call)) {
  if (!MayReadTerminal() || tcgetattr(STDIN_FILENO, &terminal_before) != 0) return;
  wake_ = eventfd(0, EFD_CLOEXEC);
  if (wake_ < 0) return;
  termios single = terminal_before;
  single.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C still sends a signal
  changed = tcsetattr(STDIN_FILENO, TCSANOW, &single) == 0;
  thread_ = std::thread([this] { Loop(); });
}

KeyWatch::~KeyWatch() {
  if (wake_ < 0) return;
  const uint64_t one = 1;
  if (write(wake_, &one, sizeof one) == sizeof one) thread_.join();
  close(wake_);
  RestoreTerminal();
}

void KeyWatch::RestoreTerminal() {
  if (changed.exchange(false)) tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
}

void KeyWatch::Loop() {
  std::array<pollfd, 2> inputs = {pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{wake_, POLLIN, 0}};
  for (;;) {
    if (poll(inputs.data(), inputs.size(), -1) < 0) continue;
    if (inputs[1].revents != 0) return;
    char pressed = 0;
    // The terminal is gone: wait only for the end.
    if (read(STDIN_FILENO, &pressed, 1) <= 0) {
      inputs[0].fd = -1;
    } else if (pressed == key_) {
      call_();
    }
  }
}

}  // namespace flowtrain
