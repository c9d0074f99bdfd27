// Acting without the superuser's rights.
#pragma once

#include <unistd.h>

#include <cstdlib>

namespace flowtrain {

// For whom the modes of files count: not for root.
class AsNobody {
 public:
  AsNobody() {
    if (geteuid() == 0 && seteuid(65534) != 0) std::abort();
  }
  ~AsNobody() {
    if (getuid() == 0 && seteuid(0) != 0) std::abort();
  }
};

}  // namespace flowtrain
