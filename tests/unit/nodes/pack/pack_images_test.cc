#include "nodes/pack/pack_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "nodes/data/folder_set.h"
#include "nodes/data/packed_set.h"
#include "nodes/data/sample_set.h"
#include "nodes/data/stl10_set.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/pack/fingerprint.h"
#include "pipeline/base/error.h"
#include "tests/support/decode_testing.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Raw Plain(int height, int width, int value) {
  Raw raw{height, width, 3, {}};
  raw.values.assign(static_cast<size_t>(height * width * 3), static_cast<uint8_t>(value));
  return raw;
}

// Pixels of a data set's image, decoded.
template <typename Images>
Bytes PixelsOf(const Images& images, uint64_t index, int* height = nullptr) {
  Bytes storage;
  const EncodedImage encoded = images.Fetch(index, storage);
  EXPECT_EQ(encoded.error, "");
  DecodeScratch scratch;
  RgbImage image;
  std::string why;
  EXPECT_TRUE(DecodeToRgb(encoded, scratch, nullptr, image, &why)) << why;
  if (height != nullptr) *height = image.height;
  return {image.pixels.begin(), image.pixels.end()};
}

template <typename Images, typename Packed>
void ExpectSame(const Images& images, const Packed& packed) {
  ASSERT_EQ(packed.size(), images.size());
  Bytes one, other;
  for (uint64_t i = 0; i < images.size(); ++i) {
    EXPECT_EQ(PixelsOf(packed, i), PixelsOf(images, i)) << i;
    EXPECT_EQ(packed.Fetch(i, one).label, images.Fetch(i, other).label);
    EXPECT_EQ(packed.ImageName(i), images.ImageName(i));
  }
}

// JPEGs of many sizes in two classes, more than the slots of a few threads.
void WriteFolder(const TempFolder& folder, int images = 30) {
  for (int i = 0; i < images; ++i) {
    const std::string name = (i % 2 == 0 ? "cat/" : "dog/") + std::to_string(100 + i) + ".jpg";
    folder.Write("photos/" + name, WriteJpeg(Plain(10 + 3 * i, 70 - 2 * i, 8 * i)));
  }
}

TEST(PackImages, AFolderComesBackWithPixelsLabelsNamesAndEvaluation) {
  const TempFolder folder;
  WriteFolder(folder);
  const auto set = OpenFolder(folder / "photos");
  PackOptions options;
  options.threads = 3;
  const PackResult result = PackImages(*set, folder / "set.ftpack", options);
  EXPECT_EQ(result.images, 30u);
  EXPECT_EQ(result.bytes, fs::file_size(folder / "set.ftpack"));
  const auto packed = OpenPacked(folder / "set.ftpack");
  ExpectSame(*set, *packed);
  EXPECT_THAT(packed->classes(), ElementsAre("cat", "dog"));
  EXPECT_EQ(packed->image_height(), 0) << "sizes differ";
  const Evaluation evaluation = packed->evaluation();
  ASSERT_TRUE(evaluation.possible());
  EXPECT_TRUE(evaluation.leave_one_out);
  EXPECT_EQ(evaluation.bank, evaluation.queries);
  ExpectSame(*set->evaluation().bank, *evaluation.bank);
  EXPECT_THAT(packed->Description(), HasSubstr("30 images, from folder"));
}

TEST(PackImages, TheFileDoesNotDependOnTheThreads) {
  const TempFolder folder;
  WriteFolder(folder);
  const auto set = OpenFolder(folder / "photos");
  PackOptions options;
  options.max_side = 40;
  PackImages(*set, folder / "one", options);
  const Bytes one = ReadBytes(folder / "one");
  for (const int threads : {2, 5, 8}) {
    options.threads = threads;
    PackImages(*set, folder / "more", options);
    EXPECT_TRUE(ReadBytes(folder / "more") == one) << threads << " threads";
  }
}

TEST(PackImages, ShrinksLargeImagesAndLeavesSmallOnes) {
  const TempFolder folder;
  folder.Write("photos/a.jpg", WriteJpeg(Plain(100, 50, 200)));
  folder.Write("photos/b.jpg", WriteJpeg(Plain(20, 30, 100)));
  PackOptions options;
  options.max_side = 40;
  PackImages(*OpenFolder(folder / "photos"), folder / "set.ftpack", options);
  const auto packed = OpenPacked(folder / "set.ftpack");
  Bytes storage;
  EXPECT_EQ(packed->Fetch(0, storage).height, 40);
  EXPECT_EQ(packed->Fetch(0, storage).width, 20);
  EXPECT_EQ(packed->Fetch(1, storage).height, 20);
  EXPECT_NEAR(packed->Fetch(0, storage).bytes[300], 200, 2);
  EXPECT_THAT(packed->Description(), HasSubstr("of at most 40 pixels a side"));
  EXPECT_FALSE(packed->evaluation().possible());
  EXPECT_THAT(packed->evaluation().why_not, HasSubstr("not sorted into class folders"));
}

// Those that a view of at least 64 pixels can be made from.
TEST(PackImages, LargeImagesHaveReducedCopies) {
  const TempFolder folder;
  folder.Write("photos/a.jpg", WriteJpeg(Plain(260, 300, 200)));
  folder.Write("photos/b.jpg", WriteJpeg(Plain(127, 300, 100)));
  PackImages(*OpenFolder(folder / "photos"), folder / "set.ftpack", {});
  const auto packed = OpenPacked(folder / "set.ftpack");
  Bytes storage;
  const EncodedImage large = packed->Fetch(0, storage), small = packed->Fetch(1, storage);
  EXPECT_EQ(large.levels, 3);
  EXPECT_EQ(large.bytes.size(), 3u * (260 * 300 + 130 * 150 + 65 * 75));
  EXPECT_EQ(small.levels, 1);
  EXPECT_EQ(PixelsOf(*packed, 0).size(), 3u * 260 * 300) << "who wants no view has the image";
}

Bytes Noise(size_t size, unsigned seed) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>((i * 131 + seed) >> 3);
  return bytes;
}

TEST(PackImages, Stl10KeepsItsSplitsEachImageOnce) {
  const TempFolder folder;
  folder.Write("train_X.bin", Noise(3 * kStl10ImageBytes, 1));
  folder.Write("train_y.bin", {1, 10, 5});
  folder.Write("test_X.bin", Noise(2 * kStl10ImageBytes, 2));
  folder.Write("test_y.bin", {7, 2});
  folder.Write("unlabeled_X.bin", Noise(4 * kStl10ImageBytes, 3));
  const std::vector<std::pair<std::vector<std::string>, uint64_t>> cases = {
      {{"unlabeled", "train"}, 9}, {{"unlabeled"}, 9}, {{"test", "train"}, 5}};
  for (const auto& [splits, images] : cases) {
    const auto set = OpenStl10(folder.path(), splits);
    EXPECT_EQ(PackImages(*set, folder / "set.ftpack", {}).images, images) << splits[0];
    const auto packed = OpenPacked(folder / "set.ftpack");
    ExpectSame(*set, *packed);
    EXPECT_EQ(packed->image_height(), 96);
    const Evaluation before = set->evaluation(), after = packed->evaluation();
    ASSERT_TRUE(after.possible());
    EXPECT_FALSE(after.leave_one_out);
    ExpectSame(*before.bank, *after.bank);
    ExpectSame(*before.queries, *after.queries);
  }
}

TEST(PackImages, APackedSetIsPackedAgainToTheSameImages) {
  const TempFolder folder;
  const auto set = MakeSampleSet(3, 12, 24);
  PackImages(*set, folder / "one", {});
  const auto once = OpenPacked(folder / "one");
  PackImages(*once, folder / "two", {});
  const auto twice = OpenPacked(folder / "two");
  ExpectSame(*set, *twice);
  ExpectSame(*set->evaluation().bank, *twice->evaluation().bank);
  ExpectSame(*set->evaluation().queries, *twice->evaluation().queries);
}

TEST(PackImages, BadImagesAreLeftOutAndNamed) {
  const TempFolder folder;
  WriteFolder(folder);
  folder.Write("photos/cat/bad.jpg", {1, 2, 3});
  PackOptions options;
  options.max_bad_fraction = 0.1;
  options.threads = 2;
  const auto set = OpenFolder(folder / "photos");
  const PackResult result = PackImages(*set, folder / "set.ftpack", options);
  EXPECT_EQ(result.images, 30u);
  ASSERT_EQ(result.bad.size(), 1u);
  EXPECT_EQ(result.bad[0].name, "cat/bad.jpg");
  const auto packed = OpenPacked(folder / "set.ftpack");
  EXPECT_EQ(packed->size(), 30u);
  const std::string list = folder / "set.ftpack.bad_images.csv";
  EXPECT_EQ(ReadText(list), "name,reason,found_by\ncat/bad.jpg," + result.bad[0].why + ",pack\n");

  // What is packed again is still without it.
  EXPECT_TRUE(PackImages(*packed, folder / "again.ftpack", options).bad.empty());
  EXPECT_EQ(ReadText(folder / "again.ftpack.bad_images.csv"), ReadText(list));

  // A list is that of the file it is beside.
  fs::remove(folder / "photos/cat/bad.jpg");
  PackImages(*OpenFolder(folder / "photos"), folder / "set.ftpack", options);
  EXPECT_FALSE(fs::exists(list));
}

size_t FilesIn(const std::string& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(PackImages, NothingStaysOfAPackingThatFailsOrIsStopped) {
  const TempFolder folder;
  WriteFolder(folder);
  for (const char* name : {"cat/bad.jpg", "cat/worse.jpg"}) {
    folder.Write(std::string("photos/") + name, {1, 2, 3});
  }
  fs::create_directory(folder / "out");
  const auto set = OpenFolder(folder / "photos");
  PackOptions options;
  const std::string message =
      MessageOf<DataError>([&] { PackImages(*set, folder / "out/set.ftpack", options); });
  EXPECT_THAT(message, HasSubstr("2 of 32 images cannot be used"));
  EXPECT_THAT(message, HasSubstr("cat/worse.jpg"));
  const std::string list = folder / "out/set.ftpack.bad_images.csv";
  EXPECT_THAT(message, HasSubstr("Listed in " + list));
  EXPECT_EQ(ReadLines(list).size(), 3u);
  fs::remove(list);
  EXPECT_EQ(FilesIn(folder / "out"), 0u);

  std::atomic<int> asked{0};
  options.max_bad_fraction = 1;
  options.stop = [&] { return ++asked > 10; };
  EXPECT_TRUE(PackImages(*set, folder / "out/set.ftpack", options).stopped);
  EXPECT_EQ(FilesIn(folder / "out"), 0u);

  EXPECT_THAT(MessageOf<DataError>([&] { PackImages(*set, folder / "no/set.ftpack", options); }),
              HasSubstr("cannot create"));

  options.stop = [] { return false; };
  folder.Write("torn/a.jpg", "torn");
  EXPECT_THAT(MessageOf<DataError>([&] {
                PackImages(*OpenFolder(folder / "torn"), folder / "out/set.ftpack", options);
              }),
              HasSubstr("1 of 1 images cannot be used, and none is left to train on:\n  a.jpg: "));
}

TEST(Fingerprint, ChangesWithTheFilesAndTheOptionsAndNothingElse) {
  const TempFolder folder;
  WriteFolder(folder, 4);
  DatasetOptions options;
  options.kind = DatasetKind::kFolder;
  options.root = folder / "photos";
  const uint64_t before = FingerprintOf(options, 0);
  EXPECT_EQ(FingerprintOf(options, 0), before);
  options.root = folder / "photos/../photos";
  EXPECT_EQ(FingerprintOf(options, 0), before) << "the same place";
  options.sample_images = 7;
  EXPECT_EQ(FingerprintOf(options, 0), before) << "no matter for a folder";
  EXPECT_NE(FingerprintOf(options, 64), before);
  folder.Write("photos/dog/new.jpg", {1});
  const uint64_t more = FingerprintOf(options, 0);
  EXPECT_NE(more, before);
  folder.Write("photos/dog/new.jpg", {1, 2});
  EXPECT_NE(FingerprintOf(options, 0), more);

  options.kind = DatasetKind::kSample;
  const uint64_t sample = FingerprintOf(options, 0);
  options.seed = 5;
  EXPECT_NE(FingerprintOf(options, 0), sample);
}

}  // namespace
}  // namespace flowtrain
