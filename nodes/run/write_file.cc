#include "nodes/run/write_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace flowtrain {

void FailWrite(const std::string& file, int error) {
  std::string text = "cannot write " + file + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT) {
    text += "; free space there, or name a folder on another disk with --run-dir";
  }
  throw std::runtime_error(text);
}

void WriteAll(int descriptor, std::string_view text, const std::string& file) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) FailWrite(file, errno);
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void WriteFile(const std::string& file, std::string_view text) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) FailWrite(file, errno);
  try {
    WriteAll(descriptor, text, file);
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  // On network file systems a full disk may not show before this.
  if (::close(descriptor) != 0) FailWrite(file, errno);
}

}  // namespace flowtrain
