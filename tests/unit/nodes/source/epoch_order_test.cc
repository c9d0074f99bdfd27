#include "nodes/source/epoch_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

namespace flowtrain {
namespace {

using ::testing::ElementsAreArray;
using ::testing::UnorderedElementsAreArray;

const std::vector<uint64_t> kImages = {5, 3, 8, 1, 4, 6, 2};  // of each block
constexpr uint64_t kAll = 29;

uint64_t BlockOf(uint64_t id) {
  uint64_t block = 0;
  for (uint64_t end = kImages[0]; id >= end; end += kImages[++block]) {
  }
  return block;
}

struct Orders {
  explicit Orders(ImageBlocks blocks, EpochPlace end = {100, 0})
      : order(kAll, 7, std::move(blocks), end,
              [this](const std::vector<uint32_t>& now) { told.push_back(now); }) {}

  std::vector<uint64_t> Epoch(uint64_t epoch) {
    std::vector<uint64_t> ids;
    for (uint64_t position = 0; position < kAll; ++position) {
      ids.push_back(order.Admit({epoch, position}));
    }
    return ids;
  }

  std::vector<std::vector<uint32_t>> told;
  EpochOrder order;
};

std::vector<uint64_t> AllIds() {
  std::vector<uint64_t> ids(kAll);
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

TEST(EpochOrder, WithoutBlocksIsThePermutationOfAllImages) {
  Orders fixture({});
  for (const uint64_t epoch : {0, 1}) {
    const Permutation right(kAll, {7, epoch, 0, kShuffle});
    const std::vector<uint64_t> ids = fixture.Epoch(epoch);
    for (uint64_t position = 0; position < kAll; ++position) {
      EXPECT_EQ(ids[position], right(position));
    }
  }
}

TEST(EpochOrder, IsTheSamePermutationWhereAllBlocksAreMixed) {
  Orders plain({}), mixed({kImages, kImages.size(), 3});
  EXPECT_EQ(mixed.Epoch(3), plain.Epoch(3));
  EXPECT_THAT(mixed.told.front(), ElementsAreArray({0, 1, 2, 3, 4, 5, 6}));
}

TEST(EpochOrder, MixesTheImagesOfAGroupOfBlocksAndOfNoOther) {
  Orders fixture({kImages, 3, 0});
  std::set<std::vector<uint64_t>> orders;
  for (uint64_t epoch = 0; epoch < 20; ++epoch) {
    const std::vector<uint64_t> ids = fixture.Epoch(epoch);
    EXPECT_THAT(ids, UnorderedElementsAreArray(AllIds()));
    std::vector<std::set<uint64_t>> groups;
    size_t at = 0;
    for (const size_t blocks : {3, 3, 1}) {
      std::set<uint64_t>& group = groups.emplace_back();
      uint64_t images = 0, taken = 0;
      do {
        const uint64_t block = BlockOf(ids[at++]);
        if (group.insert(block).second) images += kImages[block];
        ++taken;
      } while (group.size() < blocks || taken < images);
      EXPECT_EQ(group.size(), blocks);
      EXPECT_EQ(taken, images);
    }
    orders.insert(ids);
  }
  EXPECT_EQ(orders.size(), 20u);
  // Images of one block do not come one after the other.
  int changes = 0;
  const std::vector<uint64_t> ids = fixture.Epoch(0);
  for (size_t i = 1; i < ids.size(); ++i) changes += BlockOf(ids[i]) != BlockOf(ids[i - 1]);
  EXPECT_GT(changes, 10);
}

TEST(EpochOrder, DependsOnThePlaceAlone) {
  Orders whole({kImages, 2, 2}), part({kImages, 2, 2});
  whole.Epoch(0);
  const std::vector<uint64_t> right = whole.Epoch(1);
  for (uint64_t position = 17; position < kAll; ++position) {
    EXPECT_EQ(part.order.Admit({1, position}), right[position]);
  }
}

TEST(EpochOrder, ExpectsTheBlocksFromTheFirstGroupInUseOn) {
  Orders fixture({kImages, 2, 4});
  std::vector<uint64_t> blocks;  // in the order of the epoch
  for (const uint64_t id : Orders({kImages, 1, 0}).Epoch(0)) {
    if (blocks.empty() || blocks.back() != BlockOf(id)) blocks.push_back(BlockOf(id));
  }
  ASSERT_EQ(blocks.size(), kImages.size());
  const auto from = [&](size_t first) {
    return std::vector<uint32_t>(blocks.begin() + static_cast<long>(first),
                                 blocks.begin() + static_cast<long>(first) + 4);
  };
  const uint64_t first = kImages[blocks[0]] + kImages[blocks[1]];  // images of the first group
  for (uint64_t position = 0; position <= first; ++position) {
    fixture.order.Admit({0, position});
  }
  EXPECT_EQ(fixture.told.front(), from(0));
  EXPECT_EQ(fixture.told.size(), 1u) << "images of the first group are still in use";
  for (uint64_t position = 1; position < first; ++position) fixture.order.Done({0, position});
  EXPECT_EQ(fixture.told.size(), 1u);
  fixture.order.Done({0, 0});
  ASSERT_EQ(fixture.told.size(), 2u);
  EXPECT_EQ(fixture.told.back(), from(2));
}

TEST(EpochOrder, ExpectsNothingAfterTheEnd) {
  Orders fixture({kImages, 2, 100}, {1, 1});
  fixture.order.Admit({0, 0});
  EXPECT_EQ(fixture.told.back().size(), kImages.size() + 2);
}

TEST(EpochOrder, DrawsSubstitutesFromTheGroupOfTheirPlace) {
  Orders fixture({kImages, 2, 0});
  const std::vector<uint64_t> ids = fixture.Epoch(0);
  std::set<uint64_t> group, drawn;
  for (const uint64_t id : ids) {
    group.insert(BlockOf(id));
    if (group.size() == 2) break;
  }
  Rng rng({7, 0, 0, kSubstitute});
  for (int i = 0; i < 200; ++i) drawn.insert(BlockOf(fixture.order.Draw({0, 1}, rng)));
  EXPECT_EQ(drawn, group);
}

}  // namespace
}  // namespace flowtrain
