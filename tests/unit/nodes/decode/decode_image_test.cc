#include "nodes/decode/decode_image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nodes/data/dataset.h"
#include "nodes/data/stl10_set.h"
#include "nodes/decode/decode_scratch.h"
#include "tests/support/components.h"
#include "tests/support/decode_testing.h"
#include "tests/support/image_slot.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;

TEST(DecodeToRgb, TransposesPlanes) {
  constexpr int kHeight = 2, kWidth = 3;
  // Channel, then column, then row: red of (y, x) is 10 x + y, green 100 more, blue 200 more.
  Bytes planes;
  for (int c = 0; c < 3; ++c) {
    for (int x = 0; x < kWidth; ++x) {
      for (int y = 0; y < kHeight; ++y) {
        planes.push_back(static_cast<uint8_t>(100 * c + 10 * x + y));
      }
    }
  }
  EncodedImage image;
  image.bytes = planes;
  image.encoding = Encoding::kStl10Planes;
  image.height = kHeight;
  image.width = kWidth;
  DecodeScratch scratch;
  RgbImage out;
  std::string why;
  ASSERT_TRUE(DecodeToRgb(image, scratch, nullptr, out, &why)) << why;
  EXPECT_THAT(out.pixels, ::testing::ElementsAre(0, 100, 200, 10, 110, 210, 20, 120, 220,  //
                                                 1, 101, 201, 11, 111, 211, 21, 121, 221));
  image.width = 4;
  EXPECT_FALSE(DecodeToRgb(image, scratch, nullptr, out, &why));
  EXPECT_THAT(why, HasSubstr("18 bytes instead of 24"));
}

TEST(DecodeToRgb, PassesRgbWithoutACopy) {
  const Bytes pixels(2 * 3 * 3, 9);
  EncodedImage image;
  image.bytes = pixels;
  image.encoding = Encoding::kRgb;
  image.height = 2;
  image.width = 3;
  DecodeScratch scratch;
  RgbImage out;
  std::string why;
  ASSERT_TRUE(DecodeToRgb(image, scratch, nullptr, out, &why));
  EXPECT_EQ(out.pixels.data(), pixels.data());
  EXPECT_EQ(out.height, 2);
  EXPECT_EQ(out.width, 3);
}

// Source-side part of a sample, as EpochSource leaves it.
void Fetch(const ImageDataset& dataset, uint64_t id, ImageSlot& sample) {
  sample.id = id;
  sample.carried().encoded = dataset.Fetch(id, sample.carried().file_bytes);
}

TEST(DecodeImage, DecodesFilesAndUsesTheSlotsMemoryAgain) {
  const TempFolder folder;
  folder.Write("1.jpg", WriteJpeg(SolidImage(40, 30, {200, 100, 50})));
  folder.Write("2.png", WriteJpeg(SolidImage(8, 16, {10, 100, 250})));  // a JPEG
  folder.Write("3.jpg", {0xFF, 0xD8, 0xFF, 0xE0});
  folder.Write("4.jpg", {'8', 'B', 'P', 'S', 0, 1});
  DatasetOptions options;
  options.kind = DatasetKind::kFolder;
  options.root = folder.path();
  ImageDataset dataset;
  dataset.Open(options);
  DecodeImage decode;
  decode.Open(TestContext({{"dataset", &dataset}}));
  Worker worker{1};
  ImageSlot sample;
  Fetch(dataset, 0, sample);
  ASSERT_TRUE(decode.Process(sample, worker).ok);
  EXPECT_EQ(sample.image().height, 40);
  EXPECT_EQ(sample.image().width, 30);
  ASSERT_EQ(sample.image().pixels.size(), 3600u);
  EXPECT_NEAR(sample.image().pixels[0], 200, 4);
  const uint8_t* memory = sample.image().storage.data();
  EXPECT_EQ(sample.image().pixels.data(), memory);
  Fetch(dataset, 1, sample);
  ASSERT_TRUE(decode.Process(sample, worker).ok);
  EXPECT_EQ(sample.image().pixels.data(), memory);
  EXPECT_EQ(sample.image().height, 8);
  Fetch(dataset, 2, sample);
  Outcome outcome = decode.Process(sample, worker);
  EXPECT_FALSE(outcome.ok);
  EXPECT_THAT(outcome.why, HasSubstr("cut-off JPEG"));
  Fetch(dataset, 3, sample);
  outcome = decode.Process(sample, worker);
  EXPECT_EQ(outcome.why, "Photoshop PSD named .jpg: not supported");
}

TEST(DecodeImage, AnImageOfMorePixelsThanAllowedIsBad) {
  const TempFolder folder;
  folder.Write("1.jpg", WriteJpeg(SolidImage(40, 30, {200, 100, 50})));
  folder.Write("2.png", WritePng(40, 30, 8, 2, Bytes(3600)));
  DatasetOptions options;
  options.kind = DatasetKind::kFolder;
  options.root = folder.path();
  ImageDataset dataset;
  dataset.Open(options);
  for (const int allowed : {1199, 1200}) {
    DecodeImage decode;
    Bind(decode, {{"max_pixels", std::to_string(allowed)}});
    decode.Open(TestContext({{"dataset", &dataset}}));
    for (const uint64_t id : {0, 1}) {
      Worker worker;
      ImageSlot sample;
      Fetch(dataset, id, sample);
      const Outcome outcome = decode.Process(sample, worker);
      EXPECT_EQ(outcome.ok, allowed == 1200) << outcome.why;
      const char* why = allowed == 1199 ? "more than max_pixels=1199" : "";
      EXPECT_THAT(outcome.why, HasSubstr(why));
    }
  }
}

TEST(DecodeImage, DecodesStl10AndTheSampleSet) {
  const TempFolder folder;
  folder.Write("train_X.bin", Bytes(kStl10ImageBytes, 3));
  for (const DatasetKind kind : {DatasetKind::kStl10, DatasetKind::kSample}) {
    DatasetOptions options;
    options.kind = kind;
    options.root = folder.path();
    options.splits = {"train"};
    ImageDataset dataset;
    dataset.Open(options);
    DecodeImage decode;
    decode.Open(TestContext({{"dataset", &dataset}}));
    Worker worker;
    ImageSlot sample;
    Fetch(dataset, 0, sample);
    ASSERT_TRUE(decode.Process(sample, worker).ok);
    EXPECT_EQ(sample.image().height, 96);
    EXPECT_EQ(sample.image().width, 96);
    EXPECT_EQ(sample.image().pixels.size(), kStl10ImageBytes);
  }
}

}  // namespace
}  // namespace flowtrain
