#include "python/loader/loader_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "nodes/image/simd/normalize.h"
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

// Changes the bytes of the views.
class InvertRow final : public SampleNode {
 public:
  static void Declare(NodeSpec& spec) {
    spec.Doc("Inverts views.").Input("rows", Stream::kSample).Output("inverted", Stream::kSample);
  }
  Outcome Process(Sample& sample, Worker&) override {
    const Batch& batch = *sample.batch;
    for (int view = 0; view < batch.layout.views; ++view) {
      uint8_t* const row = batch.Row(view, sample.row);
      std::transform(row, row + batch.layout.ViewBytes(view), row,
                     [](uint8_t byte) { return static_cast<uint8_t>(255 - byte); });
    }
    return Ok();
  }
};
FLOWTRAIN_REGISTER(InvertRow);

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

TEST(LoaderRun, NormalisedValuesAreThoseOfTheBytes) {
  LoaderRun bytes(Request());
  for (const bool planes : {true, false}) {
    bytes.GoTo(0, 0);
    LoaderRun floats(Request({{"loader.values", "float32"},
                              {"loader.layout", planes ? "channels_first" : "channels_last"}}));
    const auto by = simd::NormalizationOf({0.485, 0.456, 0.406}, {0.229, 0.224, 0.225});
    for (int i = 0; i < 10; ++i) {
      const auto from = Take(bytes), batch = Take(floats);
      ASSERT_EQ(batch->ids, from->ids);
      for (int view = 0; view < 2; ++view) {
        for (size_t row = 0; row < 8; ++row) {
          std::vector<float> expected(size_t{3} * 24 * 24);
          simd::NormalizeRgb(by, from->View(view) + row * expected.size(), 24 * 24,
                             {expected.data(), planes});
          ASSERT_EQ(std::memcmp(batch->View(view) + row * expected.size() * sizeof(float),
                                expected.data(), expected.size() * sizeof(float)),
                    0);
        }
      }
    }
  }
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

// A graph with these nodes between `decode` and `lend`, which take `images` and make `rows`.
Value LoaderGraph(const std::string& values, const std::string& nodes, const std::string& views) {
  return ReadYaml(R"(
graph: loader
resources:
  consumer: {type: Consumer, options: {values: )" +
                      values + R"(}}
  dataset: {type: ImageDataset, options: {kind: sample, sample_size: 24}}
  views: {type: ViewRecipe}
nodes:
  source: {type: LoaderSource, out: ids}
  decode: {type: DecodeImage, in: ids, out: images}
)" + nodes + R"(
  lend: {type: LendBatch, in: rows, options: {batch_size: 8, image_size: 24, views: )" +
                      views + "}}\n",
                  "loader.yaml");
}

const std::string kCenter = "  view: {type: CenterCrop, in: images, out: rows}";

std::string ErrorOfGraph(const std::string& values, bool attach, const std::string& views = "1",
                         const std::string& nodes = kCenter) {
  RunControl run;
  Graph opened(LoadGraph(LoaderGraph(values, nodes, views), Config(), Registry::Global()),
               Registry::Global(), run);
  if (attach) dynamic_cast<Consumer&>(*opened.Find("consumer")).Attach();
  try {
    opened.Open();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(LoaderRun, TheProgramRefusesItsGraph) {
  EXPECT_EQ(ErrorOfGraph("uint8", true), "no error");
  EXPECT_THAT(ErrorOfGraph("uint8", false), HasSubstr("from flowtrain import Loader"));
}

TEST(LoaderRun, ValuesThatNoNodeMakesAreRefused) {
  const std::string why = "put a NormalizeViews right before it";
  EXPECT_THAT(ErrorOfGraph("float32", true), HasSubstr(why));
  const std::string changed_after = R"(
  view: {type: CenterCrop, in: images, out: bytes}
  normalize: {type: NormalizeViews, in: bytes, out: values}
  invert: {type: InvertRow, in: values, out: rows})";
  EXPECT_THAT(ErrorOfGraph("float32", true, "1", changed_after), HasSubstr(why));
  EXPECT_EQ(ErrorOfGraph("uint8", true, "1", changed_after), "no error");
  const std::string twice = R"(
  view: {type: CenterCrop, in: images, out: bytes}
  normalize: {type: NormalizeViews, in: bytes, out: values}
  again: {type: NormalizeViews, in: values, out: rows})";
  EXPECT_THAT(ErrorOfGraph("float32", true, "1", twice),
              HasSubstr("'again' is the second NormalizeViews"));
}

// The values of the first batch of a graph with these nodes, read as `T`.
template <typename T>
std::vector<T> FirstBatch(const std::string& values, const std::string& nodes) {
  RunControl run;
  Graph graph(LoadGraph(LoaderGraph(values, nodes, "2"), Config(), Registry::Global()),
              Registry::Global(), run);
  auto& consumer = dynamic_cast<Consumer&>(*graph.Find("consumer"));
  consumer.Attach();
  graph.Open();
  std::thread running([&graph] { graph.Run(); });
  const auto batch = consumer.batches()->Take(kLong, [](const LentBatch&) { return true; });
  const auto* first = reinterpret_cast<const T*>(batch->View(0));
  std::vector<T> copied(first, first + batch->layout.bytes());
  run.RequestAbort();
  consumer.batches()->Close(nullptr);
  running.join();
  return copied;
}

// They are then made of what that node left, not as the views are made.
TEST(LoaderRun, ANodeMayChangeTheBytesThatValuesAreMadeOf) {
  const std::vector<uint8_t> bytes =
      FirstBatch<uint8_t>("uint8", "  augment: {type: DualViewAugment, in: images, out: rows}");
  const std::vector<float> values = FirstBatch<float>("float32", R"(
  augment: {type: DualViewAugment, in: images, out: made}
  invert: {type: InvertRow, in: made, out: inverted}
  normalize: {type: NormalizeViews, in: inverted, out: rows})");
  const auto by = simd::NormalizationOf({0.485, 0.456, 0.406}, {0.229, 0.224, 0.225});
  constexpr size_t kView = size_t{3} * 24 * 24;
  ASSERT_EQ(values.size(), 2 * 8 * kView);
  for (size_t at = 0; at < values.size(); at += kView) {
    std::vector<uint8_t> inverted(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                  bytes.begin() + static_cast<std::ptrdiff_t>(at + kView));
    for (uint8_t& byte : inverted) byte = static_cast<uint8_t>(255 - byte);
    std::vector<float> expected(kView);
    simd::NormalizeRgb(by, inverted.data(), kView / 3, {expected.data(), true});
    ASSERT_EQ(std::memcmp(values.data() + at, expected.data(), kView * sizeof(float)), 0) << at;
  }
}

// Whose blur the fast way does not cover.
TEST(LoaderRun, NormalisesViewsOfTheReference) {
  const loader_testing::Parameters recipe = {{"augment.blur_kernel", "131"}, {"augment.blur", "1"}};
  loader_testing::Parameters with_values = recipe;
  with_values["loader.values"] = "float32";
  LoaderRun bytes(Request(recipe)), floats(Request(with_values));
  const auto from = Take(bytes), batch = Take(floats);
  const auto by = simd::NormalizationOf({0.485, 0.456, 0.406}, {0.229, 0.224, 0.225});
  std::vector<float> expected(size_t{3} * 24 * 24);
  simd::NormalizeRgb(by, from->View(1), 24 * 24, {expected.data(), true});
  EXPECT_EQ(std::memcmp(batch->View(1), expected.data(), expected.size() * sizeof(float)), 0);
}

TEST(LoaderRun, ACentreCropIsOneView) {
  EXPECT_THAT(ErrorOfGraph("uint8", true, "2"), HasSubstr("makes one view of an image"));
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
      status = 0;
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
