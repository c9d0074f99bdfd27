// The plug-in for NCCL.
#pragma once

#include <string>

#include "nodes/distributed/nccl/nccl.h"

namespace flowtrain {

struct NcclLibrary {
  const NcclPlugin* plugin = nullptr;
  std::string missing;  // where there is none: why, and what to do
};

// Opens flowtrain_nccl.so; it stays open. Where libtorch's CUDA half is loaded, that is, once a CUDA
// device is open.
NcclLibrary OpenNcclLibrary();

}  // namespace flowtrain
