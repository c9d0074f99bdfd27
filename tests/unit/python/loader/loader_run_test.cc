#include "python/loader/loader_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "nodes/lend/consumer.h"
#include "pipeline/base/error.h"
#include "pipeline/config/config.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/graph.h"
#include "tests/support/loader_run_testing.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using loader_testing::ErrorOf;
using loader_testing::kLong;
using loader_testing::kRows;
using loader_testing::kRunImages;
using loader_testing::Look;
using loader_testing::Request;
using loader_testing::Seen;
using loader_testing::Take;
using loader_testing::TakeSome;
using ::testing::HasSubstr;

// What the graph of a training makes: the end of such a graph, which keeps all that comes.
std::vector<Seen>& Captured() {
  static std::vector<Seen> captured;
  return captured;
}
class CaptureStage final : public CollateNode {
 public:
  static void Declare(NodeSpec& spec) {
    spec.Doc("Keeps copies of batches.").Input("rows", Stream::kSample);
  }
  BatchLayout Layout() const override { return {8, 2, size_t{3} * 24 * 24}; }
  std::shared_ptr<uint8_t> Allocate(size_t bytes) override {
    return {new uint8_t[bytes], [](uint8_t* memory) { delete[] memory; }};
  }
  void Process(Batch& batch) override {
    Captured().push_back(
        {{batch.buffer, batch.buffer + batch.layout.bytes()}, batch.ids, batch.labels});
  }
};
FLOWTRAIN_REGISTER(CaptureStage);

std::vector<Seen> TrainersBatches(int epochs, const std::string& recipe = "{}") {
  const std::string text = R"(
graph: training
pools: {samples: 16, batches: 3}
workers: 3
resources:
  dataset: {type: ImageDataset, options: {kind: sample, sample_images: 61, sample_size: 24, seed: 7}}
  views: {type: ViewRecipe, options: )" +
                           recipe + R"(}
nodes:
  source: {type: EpochSource, out: ids, workers: 3, options: {epochs: ${epochs}, seed: 7, window: 3}}
  decode: {type: DecodeImage, in: ids, out: images, workers: 3}
  augment: {type: DualViewAugment, in: images, out: rows, workers: 3}
  stage: {type: CaptureStage, in: rows}
)";
  Captured().clear();
  const Config config{ReadYaml("{epochs: " + std::to_string(epochs) + "}", "parameters")};
  RunControl run;
  Graph graph(LoadGraph(ReadYaml(text, "training.yaml"), config, Registry::Global()),
              Registry::Global(), run);
  graph.Open();
  graph.Run();
  return std::exchange(Captured(), {});
}

TEST(LoaderRun, GivesTheBatchesThatATrainingIsMadeOf) {
  const std::vector<Seen> expected = TrainersBatches(3);
  ASSERT_EQ(expected.size(), 3 * (kRunImages / kRows));
  for (const char* workers : {"1", "4"}) {
    LoaderRun loader(Request({{"data.num_workers", workers}}));
    EXPECT_EQ(loader.facts().batches_per_epoch, kRunImages / kRows);
    EXPECT_TRUE(TakeSome(loader, expected.size()) == expected) << workers << " workers";
  }
  LoaderRun other(Request({{"loader.seed", "8"}}));
  EXPECT_FALSE(TakeSome(other, 1).front() == expected.front());
}

TEST(LoaderRun, SaysWhichBatchItIs) {
  LoaderRun loader(Request());
  for (uint64_t number = 0; number < 16; ++number) {
    const auto batch = Take(loader);
    EXPECT_EQ(batch->epoch, number / 7);
    EXPECT_EQ(batch->batch, number % 7);
    EXPECT_EQ(batch->rows, 8);
  }
}

TEST(LoaderRun, ABatchThatIsHeldIsNotOverwritten) {
  LoaderRun loader(Request({{"loader.batches", "4"}}));
  std::vector<std::shared_ptr<LentBatch>> held;
  std::vector<Seen> before;
  for (int i = 0; i < 3; ++i) {
    held.push_back(Take(loader));
    before.push_back(Look(*held.back()));
  }
  TakeSome(loader, 40);
  for (size_t i = 0; i < held.size(); ++i) EXPECT_TRUE(Look(*held[i]) == before[i]);
}

TEST(LoaderRun, WaitsWhileAllBatchesAreHeld) {
  const std::vector<Seen> expected = TrainersBatches(1);
  LoaderRun loader(Request({{"loader.batches", "2"}}));
  auto first = Take(loader);
  const auto second = Take(loader);
  EXPECT_TRUE(loader.AllAreLent());
  EXPECT_EQ(loader.Take(0.2), nullptr);
  first.reset();
  EXPECT_FALSE(loader.AllAreLent());
  EXPECT_TRUE(Look(*Take(loader)) == expected[2]);
}

TEST(LoaderRun, ABatchOutlivesTheLoader) {
  std::shared_ptr<LentBatch> batch;
  Seen before;
  {
    LoaderRun loader(Request());
    batch = Take(loader);
    before = Look(*batch);
    Take(loader);
  }
  EXPECT_TRUE(Look(*batch) == before);
}

TEST(LoaderRun, GoesOnFromAnyBatch) {
  LoaderRun whole(Request());
  const std::vector<Seen> expected = TakeSome(whole, 5 * 7);
  LoaderRun loader(Request({{"data.num_workers", "3"}}));
  std::mt19937 random(1);
  for (int i = 0; i < 30; ++i) {
    const uint64_t number = random() % 30;
    loader.GoTo(number / 7, number % 7);
    const auto held = Take(loader);
    EXPECT_TRUE(Look(*held) == expected[number]) << number;
    if (i % 2 == 0) {
      EXPECT_TRUE(Look(*Take(loader)) == expected[number + 1]) << number;
    }
  }
}

TEST(LoaderRun, KnowsTheMemoryOfAllItsBatches) {
  LoaderRun loader(Request());
  const std::vector<LentMemory> memory = loader.Memory();
  EXPECT_EQ(memory.size(), 6u);  // four to lend, and two that are being filled
  for (int i = 0; i < 12; ++i) {
    const auto batch = Take(loader);
    const auto holds = [&](const LentMemory& one) {
      return batch->View(0) == one.data.get() && batch->layout.bytes() <= one.bytes;
    };
    EXPECT_EQ(std::count_if(memory.begin(), memory.end(), holds), 1);
  }
}

TEST(LoaderRun, WithoutDropLastEveryImageComes) {
  LoaderRun loader(Request({{"loader.drop_last", "false"}}));
  ASSERT_EQ(loader.facts().batches_per_epoch, 8u);
  std::multiset<uint64_t> ids;
  for (int i = 0; i < 8; ++i) {
    const auto batch = Take(loader);
    EXPECT_EQ(batch->rows, i < 7 ? 8 : 5);
    ids.insert(batch->ids.begin(), batch->ids.begin() + batch->rows);
  }
  EXPECT_EQ(ids.size(), kRunImages);
  EXPECT_EQ(std::set<uint64_t>(ids.begin(), ids.end()).size(), kRunImages);
}

TEST(LoaderRun, WithoutDropLastASetMayBeSmallerThanABatch) {
  LoaderRun loader(Request({{"data.batch_size", "64"}, {"loader.drop_last", "false"}}));
  EXPECT_EQ(loader.facts().batches_per_epoch, 1u);
  for (uint64_t epoch = 0; epoch < 2; ++epoch) {
    const auto batch = Take(loader);
    EXPECT_EQ(batch->epoch, epoch);
    EXPECT_EQ(batch->rows, 61);
    const std::set<uint64_t> ids(batch->ids.begin(), batch->ids.begin() + 61);
    EXPECT_EQ(ids.size(), 61u);
  }
  EXPECT_THAT(ErrorOf(Request({{"data.batch_size", "64"}})),
              HasSubstr("61 images, fewer than one batch of 64"));
}

TEST(LoaderRun, TheCentreCropsComeInTheOrderOfTheSet) {
  LoaderRun loader(Request({}, "loader_center"));
  EXPECT_EQ(loader.facts().sides, std::vector<int>{24});
  ASSERT_EQ(loader.facts().batches_per_epoch, 8u);
  uint64_t next = 0;
  for (int i = 0; i < 8; ++i) {
    const auto batch = Take(loader);
    for (int row = 0; row < batch->rows; ++row) {
      EXPECT_EQ(batch->ids[static_cast<size_t>(row)], next++);
      EXPECT_GE(batch->labels[static_cast<size_t>(row)], 0);
    }
  }
  EXPECT_EQ(next, kRunImages);
}

TEST(LoaderRun, APairOfTwoRecipesIsWhatATrainingTakes) {
  const std::string pair = "[{blur: 1}, {blur: 0.1, solarize: 0.2}]";
  const std::vector<Seen> expected = TrainersBatches(1, "{views: " + pair + "}");
  LoaderRun loader(Request({{"augment.views", pair}}));
  EXPECT_TRUE(TakeSome(loader, expected.size()) == expected);
  EXPECT_FALSE(expected.front() == TrainersBatches(1).front());
}

TEST(LoaderRun, NamesWhatIsWrongWithARequest) {
  EXPECT_THAT(ErrorOf(Request({{"data.batchsize", "8"}})),
              HasSubstr("did you mean 'data.batch_size'"));
  EXPECT_THAT(ErrorOf(Request({{"data.batch_size", "0"}})), HasSubstr("must be at least 1"));
  EXPECT_THAT(ErrorOf(Request({}, "lodaer")), HasSubstr("there is no file graphs/lodaer.yaml"));
  EXPECT_THAT(ErrorOf(Request({{"loader.rank", "2"}, {"loader.world_size", "2"}})),
              HasSubstr("the ranks are 0 to 1"));
  EXPECT_THAT(ErrorOf(Request({{"loader.world_size", "8"}})),
              HasSubstr("7 whole batches, fewer than the processes that share it, 8"));
  EXPECT_THAT(ErrorOf(Request({{"loader.world_size", "9"},
                               {"loader.drop_last", "false"},
                               {"loader.gradient_accumulation", "1"}})),
              HasSubstr("8 batches, fewer than the processes that share a step, 9"));
  EXPECT_THAT(ErrorOf(Request({{"data.kind", "folder"}, {"data.root", "/nowhere"}})),
              HasSubstr("/nowhere"));
  EXPECT_THAT(ErrorOf(Request({{"loader.mean", "[0.5, 0.5]"}})), HasSubstr("it takes three"));
  EXPECT_THAT(ErrorOf(Request({{"data.cache", "packed"}})), HasSubstr("flowtrain pack"));
}

TEST(LoaderRun, BadImagesEndIt) {
  const TempFolder folder;
  for (int i = 0; i < 16; ++i) folder.Write(std::to_string(i) + ".jpg", "this is no JPEG");
  LoaderRun loader(Request({{"data.kind", "folder"}, {"data.root", folder.path()}}));
  EXPECT_THROW(Take(loader), DataError);
  EXPECT_THROW(Take(loader), DataError);  // and it stays ended
}

TEST(LoaderRun, EndsWhenStopped) {
  LoaderRun loader(Request());
  const auto batch = Take(loader);
  loader.Stop();
  EXPECT_THROW(loader.Take(kLong), std::runtime_error);
  loader.Stop();
}

TEST(LoaderRun, AForkedChildIsToldAndEnds) {
  auto loader = std::make_unique<LoaderRun>(Request());
  auto batch = Take(*loader);
  const pid_t child = fork();
  if (child == 0) {
    int status = 1;
    try {
      loader->Take(kLong);
    } catch (const ForkedError&) {
      status = 2;
    }
    try {
      LoaderRun own(Request());  // which TBB would now and then not survive
    } catch (const ForkedError&) {
      status = status == 2 ? 0 : 3;
    }
    loader->Stop();
    batch.reset();
    loader.reset();
    _exit(status);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_NE(Take(*loader), nullptr);
}

// Loops that hold, drop, jump and end at random.
TEST(LoaderRun, AnyUseGivesTheRightBatches) {
  LoaderRun whole(Request());
  const std::vector<Seen> expected = TakeSome(whole, 6 * 7);
  std::mt19937 random(3);
  for (int run = 0; run < 20; ++run) {
    LoaderRun loader(
        Request({{"loader.batches", "3"}, {"data.num_workers", std::to_string(1 + run % 4)}}));
    std::vector<std::pair<size_t, std::shared_ptr<LentBatch>>> held;
    size_t next = 0;
    const int takes = static_cast<int>(random() % 25);
    for (int i = 0; i < takes; ++i) {
      if (random() % 6 == 0) {
        next = random() % 20;
        loader.GoTo(next / 7, next % 7);
      }
      if (held.size() == 2) held.erase(held.begin() + random() % 2);
      held.emplace_back(next, Take(loader));
      for (const auto& [number, batch] : held) ASSERT_TRUE(Look(*batch) == expected[number]);
      ++next;
    }
  }
}

}  // namespace
}  // namespace flowtrain
