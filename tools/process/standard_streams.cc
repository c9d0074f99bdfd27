#include "tools/process/standard_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace flowtrain {

void OpenStandardStreams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
    // open gives the lowest free number, which is this one: those below are open by now.
    if (open("/dev/null", O_RDWR) != stream) return;
  }
}

void WriteLineAtOnce(const char* text) noexcept {
  pollfd error{STDERR_FILENO, POLLOUT, 0};
  if (poll(&error, 1, 0) <= 0) return;
  char newline = '\n';
  const std::array<iovec, 2> parts = {iovec{const_cast<char*>(text), std::strlen(text)},
                                      iovec{&newline, 1}};
  [[maybe_unused]] const ssize_t written = writev(STDERR_FILENO, parts.data(), parts.size());
}

}  // namespace flowtrain
