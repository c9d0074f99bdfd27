// What the ranks tell each other beside their collective calls.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nodes/distributed/rank_store.h"

namespace flowtrain {

// A connection of its own, for one thread: each rank has a text there, of which the last counts. Calls
// throw where rank 0 does not answer.
class RankBoard {
 public:
  RankBoard(RankStore store, int rank, int ranks)
      : store_(std::move(store)), rank_(rank), ranks_(ranks) {}

  void Publish(const std::string& text) { store_.Set(KeyOf(rank_), text); }
  // The text of each rank; empty where it has none.
  std::vector<std::string> Published() {
    std::vector<std::string> texts;
    texts.reserve(static_cast<size_t>(ranks_));
    for (int rank = 0; rank < ranks_; ++rank) {
      texts.push_back(store_.TryGet(KeyOf(rank)).value_or(""));
    }
    return texts;
  }

 private:
  static std::string KeyOf(int rank) { return "published/" + std::to_string(rank); }

  RankStore store_;
  const int rank_, ranks_;
};

}  // namespace flowtrain
