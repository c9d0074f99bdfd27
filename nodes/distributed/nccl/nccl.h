// What the plug-in flowtrain_nccl.so exports. It is linked with libtorch's CUDA half, so it is opened
// only where that is loaded.
#pragma once

#include <c10/core/Device.h>
#include <c10/util/intrusive_ptr.h>

#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "nodes/distributed/collectives.h"

namespace flowtrain {

struct NcclOptions {
  c10::intrusive_ptr<c10d::Store> store;  // used by threads of NCCL's own
  int rank = 0, ranks = 1;
  c10::Device device{c10::kCPU};  // a CUDA device that no other rank takes
  std::string interface;          // network interface; empty: NCCL_SOCKET_IFNAME, or NCCL's choice
  double timeout_s = 0;           // of each call
};

struct NcclPlugin {
  const char* abi;   // FLOWTRAIN_NCCL_ABI of its build
  int cuda_version;  // of CUDA's headers, 13000 for 13.0
  // Connects all ranks, which must call it at a time. Throws what libtorch and NCCL throw.
  std::unique_ptr<Collectives> (*make)(const NcclOptions& options);
  // Which GPU of the machine a device is, "0000:01:00"; two devices of MIG may be the same.
  std::string (*address_of)(c10::Device device);
};

// The name under which a plug-in exports its NcclPlugin.
inline constexpr char kNcclSymbol[] = "flowtrain_nccl";

}  // namespace flowtrain
