// Sets of places that are joined pair by pair.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

namespace flowtrain {

class Joined {
 public:
  explicit Joined(size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0); }

  size_t Root(size_t one) {
    while (parent_[one] != one) one = parent_[one] = parent_[parent_[one]];
    return one;
  }
  // The lower one becomes the root, whatever the order of the calls.
  void Join(size_t one, size_t two) {
    one = Root(one), two = Root(two);
    parent_[std::max(one, two)] = std::min(one, two);
  }

 private:
  std::vector<size_t> parent_;
};

}  // namespace flowtrain
