// A key pressed in the terminal.
#pragma once

#include <termios.h>

#include <functional>
#include <thread>

namespace flowtrain {

// Calls `call` on a thread of its own whenever `key` is pressed, if standard input is a terminal
// that this process may read; otherwise does nothing. The terminal echoes no keys meanwhile.
class KeyWatch {
 public:
  KeyWatch(char key, std::function<void()> call);
  ~KeyWatch();  // restores the terminal
  KeyWatch(const KeyWatch&) = delete;
  KeyWatch& operator=(const KeyWatch&) = delete;

  // Restores the terminal if a KeyWatch lives; for an exit without destructors.
  static void RestoreTerminal();

 private:
  void Loop();

  const char key_;
  const std::function<void()> call_;
  int wake_ = -1;  // an event descriptor; -1: nothing is watched
  std::thread thread_;
};

}  // namespace flowtrain
