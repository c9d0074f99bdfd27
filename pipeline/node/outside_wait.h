// Waiting for something outside the machine, which no setting of the graph changes.
#pragma once

#include <cstdint>
#include <string>

namespace flowtrain {

struct OutsideWait {
  std::string what;    // "downloads"; empty: there is nothing to wait for
  uint64_t ns = 0;     // in which a call waited, so far
  uint64_t bytes = 0;  // that came, so far
};

// A source node that may have to wait.
class WaitsOutside {
 public:
  virtual ~WaitsOutside() = default;
  virtual OutsideWait outside_wait() const = 0;  // any thread may ask
};

}  // namespace flowtrain
