// A rank without the others, for tests.
#pragma once

#include <string>
#include <vector>

#include "nodes/distributed/launch/ranks.h"

namespace flowtrain {

// One of several ranks, of whose texts the others' are given.
class RankAlone final : public Ranks {
 public:
  RankAlone(int rank, int ranks) : rank_(rank), ranks_(ranks) {}
  int rank() const override { return rank_; }
  int ranks() const override { return ranks_; }
  void AskToStop() override { asked = true; }
  bool asked_to_stop() const override { return asked; }
  std::vector<std::string> GatherTexts(const std::string& own) override {
    std::vector<std::string> texts = others;
    texts.insert(texts.begin() + rank_, own);
    return texts;
  }

  bool asked = false;
  std::vector<std::string> others;

 private:
  const int rank_, ranks_;
};

}  // namespace flowtrain
