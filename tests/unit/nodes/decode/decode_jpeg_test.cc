#include "nodes/decode/decode_jpeg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>

#include "nodes/decode/decode_scratch.h"
#include "nodes/decode/exif_orientation.h"
#include "pipeline/base/philox.h"
#include "tests/support/decode_testing.h"
#include "tests/support/files.h"

namespace flowtrain {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

TEST(DecodeJpeg, KeepsColours) {
  for (const bool progressive : {false, true}) {
    JpegOptions options;
    options.progressive = progressive;
    const Raw image = SmoothImage(37, 53, 3);
    const Decoded decoded = Decode(WriteJpeg(image, options));
    ASSERT_TRUE(decoded.ok) << decoded.why;
    EXPECT_LE(LargestDifference(decoded, image), 8);
  }
}

TEST(DecodeJpeg, DecodesTheSmallest) {
  const Decoded decoded = Decode(WriteJpeg(SolidImage(1, 1, {200, 30, 60})));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_LE(LargestDifference(decoded, SolidImage(1, 1, {200, 30, 60})), 4);
}

TEST(DecodeJpeg, BringsGreyToRgb) {
  const Decoded decoded = Decode(WriteJpeg(SolidImage(20, 30, {77})));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_LE(LargestDifference(decoded, SolidImage(20, 30, {77, 77, 77})), 1);
}

TEST(DecodeJpeg, BringsInvertedCmykAndYcckToRgb) {
  // 255 is no ink: full red is C 255, M 0, Y 0, K 255; half black halves it.
  struct Case {
    Bytes cmyk, rgb;
  };
  for (const Case& test :
       {Case{{255, 0, 0, 255}, {255, 0, 0}}, Case{{255, 0, 0, 128}, {128, 0, 0}},
        Case{{255, 255, 255, 255}, {255, 255, 255}}, Case{{200, 150, 100, 255}, {200, 150, 100}},
        Case{{255, 255, 255, 0}, {0, 0, 0}}}) {
    for (const bool ycck : {false, true}) {
      JpegOptions options;
      options.ycck = ycck;
      const Decoded decoded = Decode(WriteJpeg(SolidImage(24, 24, test.cmyk), options));
      ASSERT_TRUE(decoded.ok) << decoded.why;
      EXPECT_LE(LargestDifference(decoded, SolidImage(24, 24, test.rgb)), 4);
    }
  }
}

// An image that is upright once turned: its quarters are red, green, blue and white.
Raw Quarters(int height, int width) {
  Raw image{height, width, 3, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int quarter = 2 * (y >= height / 2) + (x >= width / 2);
      for (const int c : {0, 1, 2}) {
        image.values.push_back(quarter == 3 || quarter == c ? 255 : 0);
      }
    }
  }
  return image;
}

// How a camera held that way stores the upright image: the definition in the Exif standard, of
// which side of the scene the stored row 0 and column 0 are.
Raw Stored(const Raw& upright, int orientation) {
  const bool swap = orientation >= 5;
  Raw stored{swap ? upright.width : upright.height, swap ? upright.height : upright.width, 3, {}};
  // Row 0 is the scene's: 1 top, 2 top, 3 bottom, 4 bottom, 5 left, 6 right, 7 right, 8 left;
  // column 0: 1 left, 2 right, 3 right, 4 left, 5 top, 6 top, 7 bottom, 8 bottom.
  for (int r = 0; r < stored.height; ++r) {
    for (int c = 0; c < stored.width; ++c) {
      int y = swap ? c : r, x = swap ? r : c;
      const bool from_bottom =
          orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8;
      const bool from_right =
          orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7;
      if (from_bottom) y = upright.height - 1 - y;
      if (from_right) x = upright.width - 1 - x;
      const size_t at = static_cast<size_t>((y * upright.width + x) * 3);
      stored.values.insert(stored.values.end(), upright.values.begin() + static_cast<long>(at),
                           upright.values.begin() + static_cast<long>(at) + 3);
    }
  }
  return stored;
}

TEST(DecodeJpeg, TurnsImagesUpright) {
  const Raw upright = Quarters(32, 64);
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (const bool big_endian : {false, true}) {
      JpegOptions options;
      options.orientation = orientation;
      options.big_endian = big_endian;
      options.quality = 100;
      options.full_chroma = true;
      const Decoded decoded = Decode(WriteJpeg(Stored(upright, orientation), options));
      ASSERT_TRUE(decoded.ok) << decoded.why;
      EXPECT_LE(LargestDifference(decoded, upright), 12) << orientation;
    }
  }
}

TEST(ExifOrientation, IsNoneOrOneForWhatIsNotSound) {
  EXPECT_EQ(ExifOrientation({}), std::nullopt);
  for (const int orientation : {0, 9, 0xFFFF}) {
    EXPECT_EQ(ExifOrientation(ExifSegment(orientation, true)), 1);
  }
  Bytes segment = ExifSegment(6, false);
  EXPECT_EQ(ExifOrientation(segment), 6);
  for (size_t size = 0; size < 38; ++size) {  // cut off before the value of the tag
    const auto orientation = ExifOrientation(std::span(segment).first(size));
    // The tag is there from its number on.
    EXPECT_EQ(orientation, size < 30 ? std::nullopt : std::optional(1)) << size;
  }
  segment[0] = 'X';
  EXPECT_EQ(ExifOrientation(segment), std::nullopt);
}

TEST(ExifOrientation, MayBeALongNumber) {
  for (const bool big_endian : {false, true}) {
    Bytes segment = ExifSegment(6, big_endian);
    constexpr size_t kType = 6 + 8 + 2 + 12 + 2, kValue = kType + 6;
    segment[kType + (big_endian ? 1 : 0)] = 4;
    const Bytes value = big_endian ? Bytes{0, 0, 0, 6} : Bytes{6, 0, 0, 0};
    std::copy(value.begin(), value.end(), segment.begin() + kValue);
    EXPECT_EQ(ExifOrientation(segment), 6);
    segment[kType + (big_endian ? 1 : 0)] = 2;  // text
    EXPECT_EQ(ExifOrientation(segment), 1);
  }
}

TEST(XmpOrientation, IsReadAsPillowReadsIt) {
  EXPECT_EQ(XmpOrientation(""), std::nullopt);
  EXPECT_EQ(XmpOrientation(R"(<rdf:Description tiff:Orientation="6" x="1"/>)"), 6);
  EXPECT_EQ(XmpOrientation("<tiff:Orientation>8</tiff:Orientation>"), 8);
  EXPECT_EQ(XmpOrientation(R"(tiff:Orientation="9")"), 1);
  EXPECT_EQ(XmpOrientation(R"(tiff:Orientation="")"), std::nullopt);
  EXPECT_EQ(XmpOrientation(R"(exif:Orientation="6")"), std::nullopt);
  EXPECT_EQ(XmpOrientation(R"(tiff:Orientation='6' tiff:Orientation tiff:Orientation="3")"), 3);
  for (const std::string end : {"", "=", "=\"", ">"}) {
    EXPECT_EQ(XmpOrientation("tiff:Orientation" + end), std::nullopt) << end;
  }
}

// `file` with an APP1 segment before all others, or behind the one that it begins with.
Bytes WithSegment(Bytes file, const std::string& data, bool behind = false) {
  const size_t length = data.size() + 2;
  Bytes segment = {0xFF, 0xE1, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)};
  segment.insert(segment.end(), data.begin(), data.end());
  const size_t first = 2 + size_t{file[4]} * 256 + file[5];
  file.insert(file.begin() + static_cast<long>(behind ? 2 + first : 2), segment.begin(),
              segment.end());
  return file;
}

std::string XmpSegment(int orientation) {
  return std::string("http://ns.adobe.com/xap/1.0/\0", 29) + "<x tiff:Orientation=\"" +
         std::to_string(orientation) + "\"/>";
}

// As Pillow's exif_transpose does: XMP counts where Exif says nothing.
TEST(DecodeJpeg, TurnsUprightAsXmpSaysWhereExifDoesNot) {
  const Raw upright = Quarters(32, 64);
  JpegOptions options;
  options.quality = 100;
  options.full_chroma = true;
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Bytes stored = WriteJpeg(Stored(upright, orientation), options);
    for (const bool behind : {false, true}) {
      const Decoded decoded = Decode(WithSegment(stored, XmpSegment(orientation), behind));
      ASSERT_TRUE(decoded.ok) << decoded.why;
      EXPECT_LE(LargestDifference(decoded, upright), 12) << orientation;
    }
  }
  for (const int in_exif : {1, 6}) {
    options.orientation = in_exif;
    const Bytes stored = WriteJpeg(Stored(upright, in_exif), options);
    const Decoded decoded = Decode(WithSegment(stored, XmpSegment(8)));
    ASSERT_TRUE(decoded.ok) << decoded.why;
    EXPECT_LE(LargestDifference(decoded, upright), 12) << in_exif;
  }
}

// A file without its end is refused, wherever it is cut: in a header, a scan, or before the end's
// own marker.
TEST(DecodeJpeg, RefusesFilesCutAnywhere) {
  for (const bool progressive : {false, true}) {
    JpegOptions options;
    options.progressive = progressive;
    const Bytes file = WriteJpeg(SmoothImage(64, 64, 3), options);
    ASSERT_TRUE(Decode(file).ok);
    for (size_t size = 3; size < file.size(); ++size) {
      const Decoded decoded = Decode(Bytes(file.begin(), file.begin() + static_cast<long>(size)));
      EXPECT_FALSE(decoded.ok) << size << " of " << file.size();
      EXPECT_THAT(decoded.why, HasSubstr("cut-off JPEG: ")) << size;
    }
  }
}

TEST(DecodeJpeg, SaysWhereACutOffFileEnds) {
  JpegOptions options;
  options.restart_rows = 1;
  const Bytes file = WriteJpeg(SmoothImage(64, 64, 3), options);
  size_t end = 0;  // of the second row of blocks, and a little more
  while (!(file[end] == 0xFF && file[end + 1] == 0xD1)) ++end;
  end += 8;
  EXPECT_EQ(Decode(Bytes(file.begin(), file.begin() + 100)).why,
            "cut-off JPEG: it ends within its header");
  EXPECT_EQ(Decode(Bytes(file.begin(), file.begin() + static_cast<long>(end))).why,
            "cut-off JPEG: it ends at 50 % of its rows");
  options = {};
  options.progressive = true;
  const Bytes progressive = WriteJpeg(SmoothImage(64, 64, 3), options);
  EXPECT_THAT(Decode(Bytes(progressive.begin(), progressive.end() - 30)).why,
              HasSubstr("of a progressive image"));
}

TEST(DecodeJpeg, NamesKindsThatAreNotRead) {
  const auto why_with = [](size_t past_marker, uint8_t value) {
    Bytes file = WriteJpeg(SmoothImage(16, 16, 3));
    for (size_t i = 0; i + 9 < file.size(); ++i) {
      if (file[i] == 0xFF && file[i + 1] == 0xC0) {
        file[i + past_marker] = value;
        break;
      }
    }
    return Decode(file).why;
  };
  const auto why_of_size = [](uint8_t height, uint8_t width) {
    Bytes file = WriteJpeg(SmoothImage(16, 16, 3));
    const Bytes frame = {0xFF, 0xC0};
    const auto at = std::search(file.begin(), file.end(), frame.begin(), frame.end());
    std::fill(at + 5, at + 7, height);
    std::fill(at + 7, at + 9, width);
    return Decode(file).why;
  };
  EXPECT_EQ(why_of_size(0xFF, 0xFF), "JPEG of more than 65500 pixels a side: not supported");
  EXPECT_EQ(why_of_size(0, 1), "JPEG that gives its height after its pixels (DNL): not supported");
  EXPECT_EQ(why_with(4, 12), "12-bit JPEG: not supported");
  EXPECT_EQ(why_with(1, 0xC3), "lossless JPEG: not supported");
  EXPECT_EQ(why_with(1, 0xC5), "hierarchical JPEG: not supported");
  EXPECT_EQ(why_with(1, 0xF7), "JPEG-LS: not supported");
}

// As a download that was given its length before its bytes leaves it.
TEST(DecodeJpeg, RefusesAFileWhoseRestIsZeros) {
  for (const bool progressive : {false, true}) {
    JpegOptions options;
    options.progressive = progressive;
    const Bytes file = WriteJpeg(SmoothImage(64, 64, 3), options);
    for (size_t size = 3; size < file.size(); size += 7) {
      Bytes zeroed = file;
      std::fill(zeroed.begin() + static_cast<long>(size), zeroed.end(), uint8_t{0});
      EXPECT_FALSE(Decode(zeroed).ok) << size;
    }
  }
}

TEST(DecodeJpeg, RefusesAFileOfVeryManyScans) {
  JpegOptions options;
  options.scan_a_coefficient = true;
  const Decoded decoded = Decode(WriteJpeg(SmoothImage(64, 64, 3), options));
  EXPECT_THAT(decoded.why, HasSubstr("more than 100 scans"));
}

TEST(DecodeJpeg, RefusesAHoleInTheData) {
  JpegOptions options;
  options.restart_rows = 1;
  const Bytes file = WriteJpeg(SmoothImage(96, 96, 3), options);
  ASSERT_TRUE(Decode(file).ok);
  // Between two restart markers.
  Bytes holed = file;
  std::fill(holed.end() - 200, holed.end() - 120, uint8_t{0});
  const Decoded decoded = Decode(holed);
  EXPECT_FALSE(decoded.ok);
  EXPECT_THAT(decoded.why, HasSubstr("damaged JPEG: "));
}

TEST(DecodeJpeg, TakesSpareBytesThatCostNoPixel) {
  const Bytes file = WriteJpeg(SmoothImage(16, 16, 3));
  Bytes before_end = file, behind = file;
  before_end.insert(before_end.end() - 2, 5, uint8_t{0});
  behind.insert(behind.end(), {'j', 'u', 'n', 'k'});
  EXPECT_TRUE(Decode(before_end).ok) << Decode(before_end).why;
  EXPECT_TRUE(Decode(behind).ok) << Decode(behind).why;
}

TEST(DecodeJpeg, RefusesAHugeImage) {
  Bytes file = WriteJpeg(SmoothImage(16, 16, 3));
  for (size_t i = 0; i + 9 < file.size(); ++i) {
    if (file[i] != 0xFF || file[i + 1] != 0xC0) continue;
    std::fill(file.begin() + static_cast<long>(i) + 5, file.begin() + static_cast<long>(i) + 9,
              uint8_t{0xF0});
  }
  EXPECT_THAT(Decode(file).why, HasSubstr("too large: 61680x61680"));
}

TEST(DecodeJpeg, RefusesWhatHasMorePixelsThanAreAllowed) {
  const Bytes file = WriteJpeg(SmoothImage(20, 30, 3));
  DecodeScratch scratch;
  RgbImage image;
  std::string why;
  scratch.max_pixels = 599;
  EXPECT_FALSE(DecodeJpeg(file, scratch, nullptr, image, &why));
  EXPECT_EQ(why, "it is too large: 30x20 pixels, more than max_pixels=599");
  EXPECT_TRUE(image.storage.empty()) << "no memory was taken";
  scratch.max_pixels = 600;
  EXPECT_TRUE(DecodeJpeg(file, scratch, nullptr, image, &why)) << why;
}

TEST(DecodeJpeg, SurvivesDamageAnywhere) {
  std::vector<Bytes> files;
  for (const int channels : {1, 3, 4}) {
    for (const bool progressive : {false, true}) {
      JpegOptions options;
      options.progressive = progressive;
      options.restart_rows = progressive ? 0 : 1;
      options.orientation = 6;
      files.push_back(WriteJpeg(SmoothImage(40, 24, channels), options));
    }
  }
  Rng rng({1, 2, 3, kTesting});
  DecodeScratch scratch;
  RgbImage image;
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    Bytes file = files[rng.Below(files.size())];
    const uint64_t flips = rng.Below(4);
    for (uint64_t i = 0; i < flips; ++i) {
      file[rng.Below(file.size())] ^= static_cast<uint8_t>(1u << rng.Below(8));
    }
    if (rng.Bernoulli(0.3f)) file.resize(rng.Below(file.size()));
    if (!IsJpeg(file)) continue;
    std::string why;
    if (DecodeJpeg(file, scratch, nullptr, image, &why)) {
      EXPECT_EQ(image.pixels.size(),
                size_t{3} * static_cast<size_t>(image.height) * static_cast<size_t>(image.width));
    } else {
      ++refused;
      EXPECT_THAT(why, AnyOf(HasSubstr("damaged JPEG: "), HasSubstr("too large: "),
                             HasSubstr("cut-off JPEG: "), HasSubstr(": not supported")));
    }
  }
  EXPECT_GT(refused, 500);
}

// Photographs, where the developer has some beside the source.
TEST(DecodeJpeg, DecodesPhotographs) {
  namespace fs = std::filesystem;
  const fs::path root = fs::path(FLOWTRAIN_SOURCE_DIR) / "../shared/data/clothing_mini/dress";
  if (!fs::exists(root)) GTEST_SKIP() << root << " is not there";
  for (const auto& entry : fs::directory_iterator(root)) {
    const Decoded decoded = Decode(ReadBytes(entry.path()));
    EXPECT_TRUE(decoded.ok) << entry.path() << ": " << decoded.why;
  }
}

}  // namespace
}  // namespace flowtrain
