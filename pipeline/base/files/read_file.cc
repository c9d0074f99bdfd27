#include "pipeline/base/files/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "pipeline/base/files/descriptor.h"

namespace flowtrain {
namespace {

std::string ErrorText() { return std::generic_category().message(errno); }

bool IsReadable(int fd, size_t max_bytes, std::string* why) {
  struct stat status {};
  if (fstat(fd, &status) != 0) {
    *why = ErrorText();
  } else if (S_ISDIR(status.st_mode)) {
    *why = "it is a folder";
  } else if (!S_ISREG(status.st_mode)) {
    *why = "it is not a regular file";
  } else if (static_cast<size_t>(status.st_size) > max_bytes) {
    *why = "it has " + std::to_string(status.st_size) + " bytes, more than " +
           std::to_string(max_bytes);
  } else {
    return true;
  }
  return false;
}

}  // namespace

bool ReadWholeFile(const std::string& path, size_t max_bytes, std::string& out, std::string* why) {
  // Without O_NONBLOCK the open of a FIFO waits for someone to write.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.fd < 0) {
    *why = ErrorText();
    return false;
  }
  if (!IsReadable(file.fd, max_bytes, why)) return false;
  out.clear();
  constexpr size_t kChunk = 65536;
  for (;;) {  // to the end, wherever that is: files of /proc have no size
    const size_t done = out.size();
    out.resize(done + kChunk);
    const ssize_t got = read(file.fd, out.data() + done, kChunk);
    out.resize(done + static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) *why = ErrorText();
    if (got <= 0) return got == 0;
    if (out.size() > max_bytes) {
      *why = "it has more than " + std::to_string(max_bytes) + " bytes";
      return false;
    }
  }
}

}  // namespace flowtrain
