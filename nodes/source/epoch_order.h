// The order of images in an epoch.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "nodes/data/image_set.h"
#include "pipeline/base/philox.h"

namespace flowtrain {

// A place in a run.
struct EpochPlace {
  uint64_t epoch = 0, position = 0;
};

// Draws the order of an epoch from the seed and the epoch alone: a permutation of all images. Where
// they lie in blocks of which only some are mixed (ImageBlocks), the blocks are permuted, and then
// the images of each `mixed` blocks, a group, among themselves. So a group need be at hand only while
// it is used; `expect` is told which blocks are needed from now on.
//
// Threads  any.
class EpochOrder {
 public:
  // `end`: the first place that the run does not come to.
  EpochOrder(uint64_t images, uint64_t seed, ImageBlocks blocks, EpochPlace end,
             std::function<void(const std::vector<uint32_t>&)> expect);

  // Whether blocks are downloaded.
  bool is_of_downloads() const { return blocks_.expected > 0; }
  // The image at a place, which is in use from now on.
  uint64_t Admit(EpochPlace place);
  // The image at a place is no longer in use.
  void Done(EpochPlace place);
  // An image instead of the one at a place: of its group.
  uint64_t Draw(EpochPlace place, Rng& rng);

 private:
  // Of one epoch.
  struct Table {
    uint64_t epoch = 0;
    std::vector<uint32_t> blocks;  // in their order
    std::vector<uint64_t> begins;  // the first position of each, and the end
  };

  bool is_plain() const { return groups_ <= 1; }
  uint64_t FirstBlock(uint64_t group) const { return group * blocks_.mixed; }
  uint64_t EndBlock(uint64_t group) const;
  const Table& TableOf(uint64_t epoch);
  uint64_t GroupOf(EpochPlace place);  // counted over the run
  uint64_t IdAt(const Table& table, uint64_t position) const;
  void TellExpected();

  const uint64_t images_, seed_;
  const ImageBlocks blocks_;
  const EpochPlace end_;
  const std::function<void(const std::vector<uint32_t>&)> expect_;
  std::vector<uint64_t> first_ids_;  // of each block
  uint64_t groups_ = 1;              // in an epoch

  std::mutex mutex_;  // guards all that follows
  std::optional<Permutation> order_;
  uint64_t order_of_ = UINT64_MAX;     // the group, or epoch, whose it is
  std::deque<Table> tables_;           // of the latest epochs
  std::map<uint64_t, uint64_t> used_;  // images in use, by group
  uint64_t told_ = UINT64_MAX;         // the group from which on blocks are expected
};

}  // namespace flowtrain
