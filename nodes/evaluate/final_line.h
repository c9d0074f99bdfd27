// The line of metrics.jsonl that ends an evaluation.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace flowtrain {

// {"final":true,"knn_top1":36.25,"bank":80,"queries":20}: figures and counts by name, in the order
// given. A figure that is not finite becomes null.
std::string FinalLine(const std::vector<std::pair<const char*, double>>& figures,
                      const std::vector<std::pair<const char*, int64_t>>& counts);

}  // namespace flowtrain
