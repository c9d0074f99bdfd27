// A key pressed in the terminal.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace flowtrain {

// Calls `call` on a thread of its own whenever `key` is pressed, if standard input is the terminal
// that controls this process; otherwise does nothing. While the process is in the foreground, the
// terminal echoes no keys and hands over each at once. One object at a time.
class KeyWatch {
 public:
  KeyWatch(char key, std::function<void()> call);
  ~KeyWatch();  // restores the terminal
  KeyWatch(const KeyWatch&) = delete;
  KeyWatch& operator=(const KeyWatch&) = delete;

  // The next three do nothing without a KeyWatch. Restores the terminal; for an exit without
  // destructors, and for signal handlers.
  static void RestoreTerminal() noexcept;
  // Around a stop of the process (Ctrl-Z), so that the shell gets the terminal as it was. The
  // shell may have changed it meanwhile, or another process may have it.
  static void BeforeStop() noexcept;
  static void AfterContinue() noexcept;

 private:
  void Loop();
  bool ReadKey() const;

  const char key_;
  const std::function<void()> call_;
  int wake_ = -1;  // an event descriptor; -1: nothing is watched
  std::atomic<bool> end_{false};
  std::thread thread_;
};

}  // namespace flowtrain
