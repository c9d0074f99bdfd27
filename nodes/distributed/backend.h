// What carries the tensors of all ranks: Gloo, or NCCL where each has an NVIDIA GPU of its own.
#pragma once

#include <string>
#include <vector>

namespace flowtrain {

enum class Backend { kAuto, kGloo, kNccl };

// What one rank says of itself.
struct BackendOffer {
  Backend wanted = Backend::kAuto;
  std::string no_nccl;  // why it cannot use NCCL; empty: it can
  bool cuda = false;    // it computes on a CUDA device
  std::string gpu;      // with NCCL: which one, the same text for the same GPU of the same machine
  std::string place;    // with NCCL: that for messages, "GPU 0 of host box"
};
std::string ToText(const BackendOffer& offer);
BackendOffer ToOffer(const std::string& text);

struct BackendChoice {
  bool nccl = false;
  std::string warning;  // what it costs that it is not NCCL; empty: nothing
};

// The same choice for all ranks, whose offers are in their order. Throws ConfigError where they want
// different ones, where NCCL is wanted and one cannot use it, and where two take the same GPU.
BackendChoice ChooseBackend(const std::vector<BackendOffer>& offers);

}  // namespace flowtrain
