// A shard that is on a server.
#pragma once

#include <cstdint>
#include <string>

namespace flowtrain {

struct RemoteShard {
  std::string address;
  std::string validator;  // of the version that was indexed; empty: not known
  uint64_t bytes = 0;
  uint64_t index = 0;  // DigestOf what is in it; 0: not known
};

}  // namespace flowtrain
