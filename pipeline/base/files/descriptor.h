// A file descriptor that is closed in the end.
#pragma once

#include <unistd.h>

namespace flowtrain {

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  const int fd;  // negative: there is none
};

}  // namespace flowtrain
