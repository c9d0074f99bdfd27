// What a data set with splits says of itself.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace flowtrain {

// The title and the splits that are trained on: "photos, train + extra".
std::string DescribeTrained(const std::string& title, const std::vector<std::string>& splits);

struct SetCounts {
  uint64_t images = 0, classes = 0, queries = 0;  // to train on, there are, to judge on
};
// "photos, train: 1,000 images in 10 classes; judged on val: 200 images". `judged_on`: the split;
// empty where there is none.
std::string DescribeSet(const std::string& trained, const std::string& judged_on,
                        const SetCounts& counts);

}  // namespace flowtrain
