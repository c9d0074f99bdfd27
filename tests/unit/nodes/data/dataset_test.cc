#include "nodes/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "nodes/data/stl10_set.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"
#include "tests/support/components.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ImageDataset, IsRegisteredAsAResource) {
  const Registry::Type* type = Registry::Global().Find("ImageDataset");
  ASSERT_NE(type, nullptr);
  EXPECT_EQ(type->spec.kind, NodeSpec::Kind::kResource);
}

// The default data set's folder is relative to the working directory, which is this one until the
// end of the test.
class In {
 public:
  explicit In(const std::string& folder) : before_(std::filesystem::current_path()) {
    std::filesystem::current_path(folder);
  }
  ~In() { std::filesystem::current_path(before_); }
  In(const In&) = delete;
  In& operator=(const In&) = delete;

 private:
  const std::filesystem::path before_;
};

TEST(ImageDataset, StandsInForTheDefaultSetAndSaysSo) {
  const TempFolder folder;
  const In in(folder.path());
  ImageDataset dataset;
  Bind(dataset, {{"sample_images", "40"}, {"sample_size", "32"}});
  dataset.Open(TestContext());
  EXPECT_TRUE(dataset.substituted());
  EXPECT_EQ(dataset.kind(), DatasetKind::kSample);
  const std::string& message = dataset.substitution_message();
  EXPECT_THAT(message, HasSubstr("there is no folder data/stl10_binary, the default of root"));
  EXPECT_THAT(message, HasSubstr("built-in sample"));
  EXPECT_THAT(message, HasSubstr("flowtrain fetch stl10"));
  EXPECT_EQ(dataset.size(), 40u);
  std::vector<uint8_t> storage;
  EXPECT_EQ(dataset.Fetch(0, storage).encoding, Encoding::kRgb);
  EXPECT_EQ(dataset.image_height(), 32);
}

TEST(ImageDataset, NeverReplacesASetThatWasNamed) {
  for (const char* kind : {"stl10", "folder", "packed"}) {
    ImageDataset dataset;
    Bind(dataset, {{"kind", kind}, {"root", "/no/such/place"}, {"if_missing", "sample"}});
    const std::string message = MessageOf<ConfigError>([&] { dataset.Open(TestContext()); });
    EXPECT_THAT(message, HasSubstr("/no/such/place"));
    EXPECT_THAT(message, Not(HasSubstr("STL-10"))) << kind;
  }
  const TempFolder folder;
  const In in(folder.path());
  for (const Options& options : {Options{{"kind", "folder"}}, Options{{"root", "data/stl10"}},
                                 Options{{"if_missing", "error"}}}) {
    ImageDataset dataset;
    Bind(dataset, options);
    EXPECT_THAT(MessageOf<ConfigError>([&] { dataset.Open(TestContext()); }),
                HasSubstr("there is no folder data/stl10"));
  }
}

TEST(ImageDataset, NeverReplacesADefaultSetOfWhichSomethingIsThere) {
  const TempFolder folder;
  const In in(folder.path());
  ImageDataset dataset;
  Bind(dataset);
  const auto message = [&] { return MessageOf<ConfigError>([&] { dataset.Open(TestContext()); }); };
  std::filesystem::create_directories("data/stl10_binary");
  EXPECT_THAT(message(), HasSubstr("it is empty"));
  std::filesystem::remove("data/stl10_binary");
  std::filesystem::create_symlink("/no/disk", "data/stl10_binary");
  EXPECT_THAT(message(), HasSubstr("is a link to /no/disk, which does not exist"));
}

TEST(ImageDataset, IsThatOfTheRunSoFarOrIsRefused) {
  const TempFolder folder;
  for (const char* name : {"a/1.jpg", "a/2.jpg", "b/3.jpg"}) folder.Write(name, {1});
  const DatasetOptions options{.kind = DatasetKind::kFolder, .root = folder.path()};
  ImageDataset before;
  before.Open(options);
  const DatasetIdentity identity = before.identity();
  const auto message = [&] {
    ImageDataset now;
    now.Expect(identity, "step-7", false);
    return MessageOf<ConfigError>([&] { now.Open(options); });
  };
  EXPECT_EQ(message(), "");
  folder.Write("b/4.jpg", {1});
  EXPECT_THAT(message(), AllOf(HasSubstr("is not the one of step-7: it had 3 images and has 4 now"),
                               HasSubstr("--resume-anyway")));
  std::filesystem::remove(folder / "a/1.jpg");
  EXPECT_THAT(message(), HasSubstr("3 images as before, but not all have the names"));
  ImageDataset anyway;
  anyway.Expect(identity, "step-7", true);
  anyway.Open(options);
  EXPECT_EQ(anyway.size(), 3u);
}

TEST(ImageDataset, NeverReplacesABrokenSet) {
  const TempFolder folder;
  folder.Write("train_X.bin", std::vector<uint8_t>(kStl10ImageBytes + 1));
  folder.Write("unlabeled_X.bin", std::vector<uint8_t>(kStl10ImageBytes));
  ImageDataset dataset;
  Bind(dataset, {{"root", folder.path()}});
  EXPECT_THROW(dataset.Open(TestContext()), DataError);

  std::filesystem::remove(folder / "train_X.bin");  // one of two splits
  EXPECT_THAT(MessageOf<ConfigError>([&] { dataset.Open(TestContext()); }),
              HasSubstr("holds no train_X.bin"));

  const TempFolder empty;
  Bind(dataset, {{"kind", "folder"}, {"root", empty.path()}});
  EXPECT_THROW(dataset.Open(TestContext()), ConfigError);
}

TEST(SampleStandsIn, RefusesSplitsThatAreNone) {
  EXPECT_FALSE(SampleStandsIn({.kind = DatasetKind::kSample}, nullptr));
  EXPECT_THROW(SampleStandsIn({.splits = {"tset"}}, nullptr), ConfigError);
  for (const DatasetKind kind : {DatasetKind::kStl10, DatasetKind::kFolder, DatasetKind::kPacked}) {
    EXPECT_THROW(SampleStandsIn({.kind = kind, .splits = {}}, nullptr), ConfigError);
  }
}

}  // namespace
}  // namespace flowtrain
