// Which batches of a window a rank works on.
#pragma once

#include <algorithm>

namespace flowtrain {

// A rank's batches of a window: `count` of them in a row from `first` on, from 0. Where the window
// has fewer batches than there are ranks, some ranks have none.
struct WindowShare {
  int first = 0, count = 0;
};

// Of `batches` batches, rank r of R takes those from floor(r k / R) up to floor((r + 1) k / R).
inline WindowShare ShareOf(int batches, int rank, int ranks) {
  const auto begin = [&](int r) {
    return static_cast<int>(static_cast<long long>(r) * batches / ranks);
  };
  return {begin(rank), begin(rank + 1) - begin(rank)};
}

// The batch that a rank takes along without using it where its share is empty.
inline int SpareBatch(int batches, int rank, int ranks) {
  return std::min(ShareOf(batches, rank, ranks).first, batches - 1);
}

}  // namespace flowtrain
