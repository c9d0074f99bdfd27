// Whether two processes have the same network.
#pragma once

#include <string>

namespace torch::nn {
class Module;
}

namespace flowtrain {

// A checksum of a network's parameters and batch-norm statistics, the same on any device.
std::string WeightsDigest(const torch::nn::Module& network);

}  // namespace flowtrain
