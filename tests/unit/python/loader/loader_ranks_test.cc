// Processes that share the batches of a loader.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nodes/data/dataset.h"
#include "nodes/source/epoch_source.h"
#include "tests/support/components.h"
#include "tests/support/loader_run_testing.h"
#include "tests/support/rank_alone.h"
#include "tests/support/tar_files.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

using loader_testing::kRows;
using loader_testing::kRunImages;
using loader_testing::Request;
using loader_testing::Seen;
using loader_testing::Take;
using loader_testing::TakeSome;

TEST(LoaderRanks, WithoutDropLastRanksGetAsManyBatches) {
  std::vector<std::vector<Seen>> of_rank;
  for (int rank = 0; rank < 3; ++rank) {
    LoaderRun loader(Request({{"loader.drop_last", "false"},
                              {"loader.world_size", "3"},
                              {"loader.rank", std::to_string(rank)}}));
    ASSERT_EQ(loader.facts().batches_per_epoch, 3u);
    of_rank.push_back(TakeSome(loader, 3));
  }
  EXPECT_TRUE(of_rank[2][2] == of_rank[0][0]);  // the ninth of eight
}

TEST(LoaderRanks, RanksShareTheOrderOfOneProcess) {
  LoaderRun whole(Request());
  const std::vector<Seen> expected = TakeSome(whole, 2 * 7);
  for (int rank = 0; rank < 3; ++rank) {
    LoaderRun loader(Request({{"loader.world_size", "3"}, {"loader.rank", std::to_string(rank)}}));
    ASSERT_EQ(loader.facts().batches_per_epoch, 2u);  // the seventh is nobody's
    const std::vector<Seen> own = TakeSome(loader, 4);
    for (size_t i = 0; i < own.size(); ++i) {
      const size_t number = i / 2 * 7 + i % 2 * 3 + static_cast<size_t>(rank);
      EXPECT_TRUE(own[i] == expected[number]) << "rank " << rank << ", batch " << i;
    }
  }
}

using Ids = std::vector<std::vector<uint64_t>>;  // of each batch

const Options kPictures = {
    {"kind", "sample"}, {"sample_images", "61"}, {"sample_size", "24"}, {"seed", "7"}};

// Of the batches that a rank of a training uses in two epochs.
Ids TrainersIds(int rank, int ranks, const std::string& window, const Options& data = kPictures) {
  const auto dataset = Make<ImageDataset>(data);
  RankAlone group(rank, ranks);  // the trainer's RankGroup needs libtorch
  const BatchLayout layout{kRows, 2, size_t{3} * 24 * 24};
  const TestContext context({{"dataset", dataset.get()}, {"ranks", &group}}, layout);
  dataset->Open(context);
  // An effective batch is of all ranks, and `auto` takes it as it is.
  const auto source =
      Make<EpochSource>({{"epochs", "2"},
                         {"seed", "7"},
                         {"window", "auto"},
                         {"effective_batch", std::to_string(8 * std::stoi(window) * ranks)}});
  source->Open(context);
  Ids ids;
  Batch batch;
  batch.layout = layout;
  for (; source->AdmitBatch(batch); ++batch.seq) {
    std::vector<uint64_t> of_batch;
    for (int row = 0; row < layout.rows; ++row) {
      Sample sample;
      sample.batch = &batch;
      sample.row = row;
      source->AdmitSample(sample);
      of_batch.push_back(sample.id);
    }
    if (!batch.spare) ids.push_back(std::move(of_batch));
  }
  return ids;
}

TEST(LoaderRanks, RanksShareStepsAsThoseOfATraining) {
  for (const auto& [ranks, window] : std::vector<std::pair<int, std::string>>{
           {1, "3"}, {2, "1"}, {2, "2"}, {2, "3"}, {3, "1"}, {3, "20"}}) {
    for (int rank = 0; rank < ranks; ++rank) {
      SCOPED_TRACE(std::to_string(rank) + " of " + std::to_string(ranks) + ", step of " + window);
      const Ids expected = TrainersIds(rank, ranks, window);
      LoaderRun loader(Request({{"loader.gradient_accumulation", window},
                                {"loader.rank", std::to_string(rank)},
                                {"loader.world_size", std::to_string(ranks)}}));
      ASSERT_EQ(2 * loader.facts().batches_per_epoch, expected.size());
      for (size_t i = 0; i < expected.size(); ++i) {
        const auto batch = Take(loader);
        EXPECT_EQ(batch->ids, expected[i]) << "batch " << i;
        EXPECT_EQ(batch->epoch, i / loader.facts().batches_per_epoch);
      }
    }
  }
}

// Of which two are mixed at a time.
TEST(LoaderRanks, ShardsComeInTheOrderOfATraining) {
  const TempFolder folder;
  int number = 0;
  for (int shard = 0; shard < 6; ++shard) {
    std::string text;
    for (int i = 0; i < 9; ++i, ++number) {
      text += TarFile(std::to_string(number) + ".ppm", "P6 2 2 255\n" + std::string(12, 'x'));
    }
    folder.Write("shard-" + std::to_string(shard) + ".tar", text + TarEnd());
  }
  const std::string root = folder.path();
  const Ids expected =
      TrainersIds(0, 1, "1", {{"kind", "tar"}, {"root", root}, {"shuffle_shards", "2"}});
  LoaderRun loader(
      Request({{"data.kind", "tar"}, {"data.root", root}, {"data.shuffle_shards", "2"}}));
  ASSERT_EQ(expected.size(), 12u);
  for (const auto& ids : expected) EXPECT_EQ(Take(loader)->ids, ids);
}

TEST(LoaderRanks, SaysHowManyBatchesAStepHas) {
  const auto windows = [](const char* rank, const char* window) {
    return LoaderRun(Request({{"loader.gradient_accumulation", window},
                              {"loader.rank", rank},
                              {"loader.world_size", "2"}}))
        .facts()
        .windows;
  };
  EXPECT_EQ(windows("0", "1"), (std::vector<int>{1, 1, 1, 0}));  // seven batches
  EXPECT_EQ(windows("1", "1"), (std::vector<int>{1, 1, 1, 1}));
  EXPECT_EQ(windows("0", "2"), (std::vector<int>{2, 1}));
  EXPECT_EQ(windows("1", "2"), (std::vector<int>{2, 2}));
  EXPECT_EQ(LoaderRun(Request()).facts().windows, std::vector<int>(7, 1));
}

TEST(LoaderRanks, StepsTakeImagesThatMakeNoWholeBatchToo) {
  std::multiset<uint64_t> ids;
  for (const char* rank : {"0", "1"}) {
    LoaderRun loader(Request({{"loader.gradient_accumulation", "2"},
                              {"loader.drop_last", "false"},
                              {"loader.rank", rank},
                              {"loader.world_size", "2"}}));
    for (uint64_t i = 0; i < loader.facts().batches_per_epoch; ++i) {
      const auto batch = Take(loader);
      ids.insert(batch->ids.begin(), batch->ids.begin() + batch->rows);
    }
  }
  EXPECT_EQ(ids.size(), kRunImages);
  EXPECT_EQ(std::set<uint64_t>(ids.begin(), ids.end()).size(), kRunImages);
}

}  // namespace
}  // namespace flowtrain
