#include "nodes/decode/decode_png.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/base/philox.h"
#include "tests/support/decode_testing.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;

TEST(DecodePng, DecodesRgb) {
  const Raw image = SmoothImage(9, 14, 3);
  const Decoded decoded = Decode(WritePng(9, 14, 8, 2, image.values));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, image), 0);
}

TEST(DecodePng, BringsGreyToRgb) {
  const Decoded decoded = Decode(WritePng(3, 5, 8, 0, Bytes(15, 99)));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, SolidImage(3, 5, {99, 99, 99})), 0);
}

TEST(DecodePng, BringsOneBitToRgb) {
  const Decoded decoded = Decode(WritePng(1, 8, 1, 0, {0b10110001}));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(decoded.At(0, 0, 0), 255);
  EXPECT_EQ(decoded.At(0, 1, 2), 0);
  EXPECT_EQ(decoded.At(0, 7, 1), 255);
}

TEST(DecodePng, DropsAlpha) {
  const Raw rgba = SolidImage(4, 4, {10, 200, 30, 0});
  Decoded decoded = Decode(WritePng(4, 4, 8, 6, rgba.values));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, SolidImage(4, 4, {10, 200, 30})), 0);
  const Raw grey_alpha = SolidImage(4, 4, {80, 5});
  decoded = Decode(WritePng(4, 4, 8, 4, grey_alpha.values));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, SolidImage(4, 4, {80, 80, 80})), 0);
}

TEST(DecodePng, TakesTheHighByteOfSixteenBits) {
  const Raw rgb = SolidImage(4, 4, {10, 255, 200, 0, 30, 77});  // 0x0AFF, 0xC800, 0x1E4D
  Decoded decoded = Decode(WritePng(4, 4, 16, 2, rgb.values));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, SolidImage(4, 4, {10, 200, 30})), 0);
  const Raw grey = SolidImage(4, 4, {0x7F, 0xFF});
  decoded = Decode(WritePng(4, 4, 16, 0, grey.values));
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, SolidImage(4, 4, {127, 127, 127})), 0);
}

TEST(DecodePng, LooksUpThePalette) {
  const Bytes palette = {1, 2, 3, 250, 100, 50};
  for (const Bytes& transparency : {Bytes{}, Bytes{0, 255}}) {
    const Decoded decoded = Decode(WritePng(1, 2, 8, 3, {1, 0}, palette, transparency));
    ASSERT_TRUE(decoded.ok) << decoded.why;
    EXPECT_EQ(LargestDifference(decoded, Raw{1, 2, 3, {250, 100, 50, 1, 2, 3}}), 0);
  }
}

TEST(DecodePng, TurnsUprightAsItsExifChunkSays) {
  const Bytes file = WritePng(1, 2, 8, 2, {1, 2, 3, 250, 100, 50});
  const Bytes segment = ExifSegment(6, true);  // a quarter turn
  Bytes chunk;
  png_file::AppendChunk(chunk, "eXIf", Bytes(segment.begin() + 6, segment.end()));
  constexpr ptrdiff_t kAfterHeader = 8 + 25;
  const auto before_end = static_cast<ptrdiff_t>(file.size()) - 12;
  for (const ptrdiff_t place : {kAfterHeader, before_end}) {
    Bytes turned = file;
    turned.insert(turned.begin() + place, chunk.begin(), chunk.end());
    const Decoded decoded = Decode(turned);
    ASSERT_TRUE(decoded.ok) << decoded.why;
    EXPECT_EQ(LargestDifference(decoded, Raw{2, 1, 3, {1, 2, 3, 250, 100, 50}}), 0) << place;
  }
}

TEST(DecodePng, TurnsUprightAsRawProfilesAndNamedSegmentsSay) {
  const Bytes file = WritePng(1, 2, 8, 2, {1, 2, 3, 250, 100, 50});
  const Bytes segment = ExifSegment(6, false);
  const auto with = [&file](const std::string& type, const Bytes& data) {
    Bytes more = file, chunk;
    png_file::AppendChunk(chunk, type, data);
    more.insert(more.begin() + 8 + 25, chunk.begin(), chunk.end());
    return more;
  };
  std::string digits;
  for (const uint8_t byte : segment) {
    digits += "0123456789abcdef"[byte >> 4];
    digits += "0123456789abcdef"[byte & 15];
    if (digits.size() % 73 == 72) digits += '\n';
  }
  for (const std::string keyword : {"Raw profile type exif", "Raw profile type APP1"}) {
    const std::string text = keyword + '\0' + "\nexif\n      38\n" + digits + '\n';
    Bytes sound = with("tEXt", Bytes(text.begin(), text.end()));
    const Raw upright{2, 1, 3, {1, 2, 3, 250, 100, 50}};
    EXPECT_EQ(LargestDifference(Decode(sound), upright), 0) << keyword;
    Bytes chunk;
    png_file::AppendChunk(chunk, "tEXt", {});  // not sound, and no reason to lose the other
    sound.insert(sound.begin() + 8 + 25, chunk.begin(), chunk.end());
    EXPECT_EQ(LargestDifference(Decode(sound), upright), 0) << keyword;
  }
  EXPECT_EQ(LargestDifference(Decode(with("eXIf", segment)), Raw{2, 1, 3, {1, 2, 3, 250, 100, 50}}),
            0);
  const std::string other = "Comment" + std::string(1, '\0') + "\nexif\n      38\n" + digits;
  EXPECT_EQ(LargestDifference(Decode(with("tEXt", Bytes(other.begin(), other.end()))),
                              Raw{1, 2, 3, {1, 2, 3, 250, 100, 50}}),
            0);
}

TEST(DecodePng, RefusesACutOffFile) {
  const Bytes file = WritePng(32, 32, 8, 2, SmoothImage(32, 32, 3).values);
  for (size_t size = 8; size + 50 < file.size(); size += 97) {
    EXPECT_FALSE(Decode(Bytes(file.begin(), file.begin() + static_cast<long>(size))).ok) << size;
  }
}

// Pixels of a chunk that is cut off count up to where it ends.
TEST(DecodePng, SaysWhereACutOffFileEnds) {
  const Bytes file = WritePng(32, 32, 8, 2, SmoothImage(32, 32, 3).values);
  const auto why = [&file](size_t size) {
    return Decode(Bytes(file.begin(), file.begin() + static_cast<long>(size))).why;
  };
  EXPECT_EQ(why(20), "cut-off PNG: it ends before its pixels begin");
  constexpr size_t kBeforeRows = 8 + 25 + 8 + 7;
  EXPECT_EQ(why(kBeforeRows + 97 * 16 + 20), "cut-off PNG: it ends at 50 % of its rows");
  EXPECT_EQ(why(file.size() - 12), "cut-off PNG: it ends behind its pixels, without its end chunk");
}

// A file with another chunk before its pixels.
Bytes WithChunk(const std::string& type, const Bytes& data, bool sound = true) {
  Bytes file = WritePng(1, 2, 8, 2, {1, 2, 3, 250, 100, 50});
  Bytes chunk;
  png_file::AppendChunk(chunk, type, data);
  if (!sound) chunk.back() ^= 1;
  file.insert(file.begin() + 8 + 25, chunk.begin(), chunk.end());
  return file;
}

TEST(DecodePng, MetadataIsNoReasonToRefuse) {
  const Raw expected{1, 2, 3, {1, 2, 3, 250, 100, 50}};
  Bytes text(size_t{17} << 20, 'x');  // longer than the limit
  text[1] = 0;
  for (const Bytes& file : {WithChunk("tEXt", text), WithChunk("iTXt", text), WithChunk("tEXt", {}),
                            WithChunk("tEXt", {'k', 0, 'v'}, false),
                            WithChunk("iCCP", {'x', 0, 0, 'j', 'u', 'n', 'k'})}) {
    const Decoded decoded = Decode(file);
    ASSERT_TRUE(decoded.ok) << decoded.why;
    EXPECT_EQ(LargestDifference(decoded, expected), 0);
  }
}

TEST(DecodePng, AnOrientationCountsThoughOtherMetadataIsNotSound) {
  Bytes file = WithChunk("tEXt", {});
  const Bytes segment = ExifSegment(6, true);
  Bytes chunk;
  png_file::AppendChunk(chunk, "eXIf", Bytes(segment.begin() + 6, segment.end()));
  file.insert(file.begin() + 8 + 25, chunk.begin(), chunk.end());
  const Decoded decoded = Decode(file);
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, Raw{2, 1, 3, {1, 2, 3, 250, 100, 50}}), 0);
}

// XMP as a text chunk; a compressed one is `<tiff:Orientation>6</tiff:Orientation>` by zlib.
TEST(DecodePng, TurnsUprightAsXmpSaysWhereExifDoesNot) {
  const Raw stored{1, 2, 3, {1, 2, 3, 250, 100, 50}}, upright{2, 1, 3, {1, 2, 3, 250, 100, 50}};
  const auto chunk = [](const std::string& text) { return Bytes(text.begin(), text.end()); };
  const std::string keyword("XML:com.adobe.xmp\0", 18), packet = R"(<x tiff:Orientation="6"/>)";
  const Bytes plain = chunk(keyword + std::string(4, '\0') + packet);
  const Bytes deflated =
      chunk(keyword + std::string("\1\0\0\0", 4) +
            std::string("\x78\x9c\xb3\x29\xc9\x4c\x4b\xb3\xf2\x2f\xca\x4c\xcd\x2b\x49\x2c\xc9\xcc"
                        "\xcf\xb3\x33\xb3\xd1\xc7\x10\x03\x00\x13\x07\x0e\x38",
                        31));
  EXPECT_EQ(LargestDifference(Decode(WithChunk("iTXt", plain)), upright), 0);
  EXPECT_EQ(LargestDifference(Decode(WithChunk("iTXt", deflated)), upright), 0);
  EXPECT_EQ(LargestDifference(Decode(WithChunk("tEXt", chunk(keyword + packet))), upright), 0);
  const std::string other = "Comment" + std::string(5, '\0') + packet;
  EXPECT_EQ(LargestDifference(Decode(WithChunk("iTXt", chunk(other))), stored), 0);

  const auto with_more = [&plain](const std::string& type, const Bytes& data) {
    Bytes file = WithChunk("iTXt", plain), more;
    png_file::AppendChunk(more, type, data);
    file.insert(file.begin() + 8 + 25, more.begin(), more.end());
    return file;
  };
  EXPECT_EQ(LargestDifference(Decode(with_more("tEXt", {})), upright), 0) << "not sound";
  const Bytes segment = ExifSegment(1, true);  // Exif goes first
  EXPECT_EQ(LargestDifference(Decode(with_more("eXIf", Bytes(segment.begin() + 6, segment.end()))),
                              stored),
            0);
}

TEST(DecodePng, RefusesWrongChecksums) {
  const Bytes file = WritePng(8, 8, 8, 2, SmoothImage(8, 8, 3).values);
  for (const size_t at : {size_t{20}, size_t{60}, file.size() - 20}) {
    Bytes damaged = file;
    damaged[at] ^= 1;
    const Decoded decoded = Decode(damaged);
    EXPECT_FALSE(decoded.ok) << at;
    EXPECT_THAT(decoded.why, HasSubstr("damaged PNG: "));
  }
}

TEST(DecodePng, RefusesAHugeImageBeforeItIsDecoded) {
  Bytes file = WritePng(1, 1, 8, 0, {1});
  file[18] = file[22] = 0x50;  // 20481 x 20481
  EXPECT_THAT(Decode(file).why, HasSubstr("it is too large: "));
  std::fill(file.begin() + 16, file.begin() + 24, uint8_t{0x7F});
  EXPECT_THAT(Decode(file).why, HasSubstr("it is too large: 2139062143x2139062143 pixels"));
}

TEST(DecodePng, SurvivesDamageAnywhere) {
  const Bytes whole = WritePng(16, 16, 8, 6, SmoothImage(16, 16, 4).values);
  Rng rng({1, 2, 3, kTesting});
  for (int round = 0; round < 2000; ++round) {
    Bytes file = whole;
    for (uint64_t i = rng.Below(4); i > 0; --i) {
      file[8 + rng.Below(file.size() - 8)] ^= static_cast<uint8_t>(1u << rng.Below(8));
    }
    if (rng.Bernoulli(0.3f)) file.resize(rng.Below(file.size()));
    Decode(file);
  }
}

}  // namespace
}  // namespace flowtrain
