// Whether a loader's graph makes what its consumer takes, and which graphs are refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>
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

namespace flowtrain {
namespace {

using loader_testing::kLong;
using loader_testing::Parameters;
using loader_testing::Request;
using loader_testing::Take;
using ::testing::HasSubstr;

const simd::Normalization kOfImageNet =
    simd::NormalizationOf({0.485, 0.456, 0.406}, {0.229, 0.224, 0.225});

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

TEST(LoaderValues, NormalisedValuesAreThoseOfTheBytes) {
  LoaderRun bytes(Request());
  for (const bool planes : {true, false}) {
    bytes.GoTo(0, 0);
    LoaderRun floats(Request({{"loader.values", "float32"},
                              {"loader.layout", planes ? "channels_first" : "channels_last"}}));
    for (int i = 0; i < 10; ++i) {
      const auto from = Take(bytes), batch = Take(floats);
      ASSERT_EQ(batch->ids, from->ids);
      for (int view = 0; view < 2; ++view) {
        for (size_t row = 0; row < 8; ++row) {
          std::vector<float> expected(size_t{3} * 24 * 24);
          simd::NormalizeRgb(kOfImageNet, from->View(view) + row * expected.size(), 24 * 24,
                             {expected.data(), planes});
          ASSERT_EQ(std::memcmp(batch->View(view) + row * expected.size() * sizeof(float),
                                expected.data(), expected.size() * sizeof(float)),
                    0);
        }
      }
    }
  }
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
  other: {type: Consumer}
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
  dynamic_cast<Consumer&>(*opened.Find("other")).Attach();
  try {
    opened.Open();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

TEST(LoaderValues, TheProgramRefusesItsGraph) {
  EXPECT_EQ(ErrorOfGraph("uint8", true), "no error");
  EXPECT_THAT(ErrorOfGraph("uint8", false), HasSubstr("from flowtrain import Loader"));
}

TEST(LoaderValues, ValuesThatNoNodeMakesAreRefused) {
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
  dynamic_cast<Consumer&>(*graph.Find("other")).Attach();
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
TEST(LoaderValues, ANodeMayChangeTheBytesThatValuesAreMadeOf) {
  const std::vector<uint8_t> bytes =
      FirstBatch<uint8_t>("uint8", "  augment: {type: DualViewAugment, in: images, out: rows}");
  const std::vector<float> values = FirstBatch<float>("float32", R"(
  augment: {type: DualViewAugment, in: images, out: made}
  invert: {type: InvertRow, in: made, out: inverted}
  normalize: {type: NormalizeViews, in: inverted, out: rows})");
  constexpr size_t kView = size_t{3} * 24 * 24;
  ASSERT_EQ(values.size(), 2 * 8 * kView);
  for (size_t at = 0; at < values.size(); at += kView) {
    std::vector<uint8_t> inverted(bytes.begin() + static_cast<std::ptrdiff_t>(at),
                                  bytes.begin() + static_cast<std::ptrdiff_t>(at + kView));
    for (uint8_t& byte : inverted) byte = static_cast<uint8_t>(255 - byte);
    std::vector<float> expected(kView);
    simd::NormalizeRgb(kOfImageNet, inverted.data(), kView / 3, {expected.data(), true});
    ASSERT_EQ(std::memcmp(values.data() + at, expected.data(), kView * sizeof(float)), 0) << at;
  }
}

// What the first of two augmentations writes to the rows is not what is taken.
TEST(LoaderValues, OfTwoAugmentationsTheLastCounts) {
  const std::string both = R"(
  first: {type: DualViewAugment, in: images, out: made}
  augment: {type: DualViewAugment, in: made, out: again}
  normalize: {type: NormalizeViews, in: again, out: rows})";
  const std::string one = R"(
  augment: {type: DualViewAugment, in: images, out: made}
  normalize: {type: NormalizeViews, in: made, out: rows})";
  EXPECT_TRUE(FirstBatch<float>("float32", both) == FirstBatch<float>("float32", one));
}

TEST(LoaderValues, TwoConsumersAreRefused) {
  const std::string nodes = R"(
  augment: {type: DualViewAugment, in: images, out: made}
  normalize: {type: NormalizeViews, in: made, out: rows, uses: {consumer: other}})";
  for (const char* values : {"uint8", "float32"}) {
    EXPECT_THAT(ErrorOfGraph(values, true, "2", nodes),
                HasSubstr("'lend' and the NormalizeViews before it use two Consumers"));
  }
}

// Whose blur the fast way does not cover.
TEST(LoaderValues, NormalisesViewsOfTheReference) {
  const Parameters recipe = {{"augment.blur_kernel", "131"}, {"augment.blur", "1"}};
  Parameters with_values = recipe;
  with_values["loader.values"] = "float32";
  LoaderRun bytes(Request(recipe)), floats(Request(with_values));
  const auto from = Take(bytes), batch = Take(floats);
  std::vector<float> expected(size_t{3} * 24 * 24);
  simd::NormalizeRgb(kOfImageNet, from->View(1), 24 * 24, {expected.data(), true});
  EXPECT_EQ(std::memcmp(batch->View(1), expected.data(), expected.size() * sizeof(float)), 0);
}

TEST(LoaderValues, ACentreCropIsOneView) {
  EXPECT_THAT(ErrorOfGraph("uint8", true, "2"), HasSubstr("makes one view of an image"));
}

}  // namespace
}  // namespace flowtrain
