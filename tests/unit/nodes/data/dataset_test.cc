#include "nodes/data/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/data/stl10_set.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"
#include "tests/support/components.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;

TEST(ImageDataset, IsRegisteredAsAResource) {
  const Registry::Type* type = Registry::Global().Find("ImageDataset");
  ASSERT_NE(type, nullptr);
  EXPECT_EQ(type->spec.kind, NodeSpec::Kind::kResource);
}

TEST(ImageDataset, StandsInForAMissingSetAndSaysSo) {
  ImageDataset dataset;
  Bind(dataset, {{"root", "/no/such/folder"}, {"sample_images", "40"}, {"sample_size", "32"}});
  dataset.Open(TestContext());
  EXPECT_TRUE(dataset.substituted());
  const std::string& message = dataset.substitution_message();
  EXPECT_THAT(message, HasSubstr("/no/such/folder"));
  EXPECT_THAT(message, HasSubstr("built-in sample"));
  EXPECT_THAT(message, HasSubstr("http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"));
  EXPECT_THAT(message, HasSubstr("set root of 'under_test' to stl10_binary"));
  EXPECT_EQ(dataset.size(), 40u);
  std::vector<uint8_t> storage;
  EXPECT_EQ(dataset.Fetch(0, storage).encoding, Encoding::kRgb);
  EXPECT_EQ(dataset.image_height(), 32);
}

TEST(ImageDataset, StopsWhereAMissingSetIsAnError) {
  for (const char* kind : {"stl10", "folder"}) {
    ImageDataset dataset;
    Bind(dataset, {{"kind", kind}, {"root", "/no/such/folder"}, {"if_missing", "error"}});
    EXPECT_THAT(MessageOf<DataError>([&] { dataset.Open(TestContext()); }),
                HasSubstr("/no/such/folder"));
  }
}

TEST(ImageDataset, NeverReplacesABrokenSet) {
  const TempFolder folder;
  folder.Write("train_X.bin", std::vector<uint8_t>(kStl10ImageBytes + 1));
  folder.Write("unlabeled_X.bin", std::vector<uint8_t>(kStl10ImageBytes));
  ImageDataset dataset;
  Bind(dataset, {{"root", folder.path()}});
  EXPECT_THROW(dataset.Open(TestContext()), DataError);

  std::filesystem::remove(folder / "train_X.bin");  // one of two splits
  std::string why;
  EXPECT_TRUE(DatasetIsThere({.root = folder.path()}, &why));
  EXPECT_THAT(MessageOf<DataError>([&] { dataset.Open(TestContext()); }),
              HasSubstr("holds no train_X.bin"));

  const TempFolder empty;
  Bind(dataset, {{"kind", "folder"}, {"root", empty.path()}});
  EXPECT_THROW(dataset.Open(TestContext()), DataError);
}

TEST(DatasetIsThere, SaysWhatWasLookedFor) {
  std::string why;
  EXPECT_TRUE(DatasetIsThere({.kind = DatasetKind::kSample}, &why));
  EXPECT_EQ(why, "");
  EXPECT_FALSE(DatasetIsThere({.kind = DatasetKind::kFolder, .root = "/no/such/folder"}, &why));
  EXPECT_THAT(why, HasSubstr("/no/such/folder"));
  const TempFolder folder;
  DatasetOptions stl10{.root = folder.path(), .splits = {"test"}};
  stl10.names = [](std::string_view option) { return "data." + std::string(option); };
  EXPECT_FALSE(DatasetIsThere(stl10, &why));
  EXPECT_THAT(why, HasSubstr("test_X.bin"));
  EXPECT_THAT(why, HasSubstr("which data.root names"));
  EXPECT_FALSE(DatasetIsThere(stl10, nullptr));
  stl10.splits = {"tset"};
  EXPECT_THROW(DatasetIsThere(stl10, nullptr), ConfigError);
}

}  // namespace
}  // namespace flowtrain
