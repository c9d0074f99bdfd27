#include "nodes/decode/decode_pnm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/decode_testing.h"

namespace flowtrain::pnm_test {
namespace {

using ::testing::HasSubstr;

constexpr int kHeight = 4, kWidth = 7;

// Values of a PNM or PAM of `channels`, from 0 to `most`, and the bytes that they stand for.
struct Numbers {
  std::vector<int> values;
  Bytes bytes;
};

Numbers Ramp(int channels, int most) {
  Numbers ramp;
  const int count = kHeight * kWidth * channels;
  for (int i = 0; i < count; ++i) {
    const int value = static_cast<int>(static_cast<int64_t>(most) * i / (count - 1));
    ramp.values.push_back(value);
    ramp.bytes.push_back(static_cast<uint8_t>(
        most == 65535 ? value >> 8 : static_cast<int>(std::lround(value * 255.0 / most))));
  }
  return ramp;
}

Bytes FileOf(const std::string& text) { return {text.begin(), text.end()}; }

Bytes Binary(const std::string& header, const std::vector<int>& values, int most) {
  Bytes file = FileOf(header);
  for (const int value : values) {
    if (most > 255) file.push_back(static_cast<uint8_t>(value >> 8));
    file.push_back(static_cast<uint8_t>(value));
  }
  return file;
}

// The colours of pixels of `channels`, as RGB.
Raw ToRgb(const Bytes& bytes, int channels) {
  Raw raw{kHeight, kWidth, 3, {}};
  for (size_t i = 0; i < bytes.size(); i += static_cast<size_t>(channels)) {
    for (size_t c = 0; c < 3; ++c) raw.values.push_back(bytes[i + (channels >= 3 ? c : 0)]);
  }
  return raw;
}

void ExpectDecodes(const Bytes& file, const Raw& expected) {
  const Decoded decoded = Decode(file);
  ASSERT_TRUE(decoded.ok) << decoded.why;
  EXPECT_EQ(LargestDifference(decoded, expected), 0);
}

TEST(DecodePnm, TakesEveryMaxval) {
  for (const int most : {1, 2, 15, 100, 255, 256, 1023, 4095, 40000, 65535}) {
    for (const int channels : {1, 3}) {
      const Numbers ramp = Ramp(channels, most);
      const Raw expected = ToRgb(ramp.bytes, channels);
      SCOPED_TRACE(most);
      const std::string sides = "\n# a comment of 9 9\n7 4 " + std::to_string(most) + "\n";
      ExpectDecodes(Binary((channels == 1 ? "P5" : "P6") + sides, ramp.values, most), expected);
      std::string text = (channels == 1 ? "P2" : "P3") + sides;
      for (const int value : ramp.values) text += std::to_string(value) + "  ";
      ExpectDecodes(FileOf(text), expected);
    }
  }
}

// Programs on Windows write them. What follows the CR is the raster where it is just as long.
TEST(DecodePnm, TakesHeadersWhoseLinesEndInCrlf) {
  for (const int most : {255, 65535}) {
    const Numbers ramp = Ramp(3, most);
    const std::string header = "P6\r\n# x\r\n7 4\r\n" + std::to_string(most) + "\r";
    ExpectDecodes(Binary(header + "\n", ramp.values, most), ToRgb(ramp.bytes, 3));
    std::vector<int> values = ramp.values;
    values[0] = most == 255 ? 10 : 10 << 8;
    Bytes bytes = ramp.bytes;
    bytes[0] = 10;
    ExpectDecodes(Binary(header, values, most), ToRgb(bytes, 3));
    ExpectDecodes(Binary(header + "\n", values, most), ToRgb(bytes, 3));
    values.push_back(13);
    EXPECT_THAT(Decode(Binary(header + "\n", values, most)).why,
                HasSubstr("damaged PPM: its header's lines end in CRLF"));
  }
  Bytes bits = FileOf("P4\r\n8 2\r\n");
  bits.insert(bits.end(), {0xFF, 0x00});
  Raw black_above{2, 8, 3, Bytes(48, 0)};
  std::fill(black_above.values.begin() + 24, black_above.values.end(), uint8_t{255});
  ExpectDecodes(bits, black_above);
  const Numbers ramp = Ramp(3, 255);
  ExpectDecodes(
      Binary("P7\r\nWIDTH 7\r\nHEIGHT 4\r\nDEPTH 3\r\nMAXVAL 255\r\nENDHDR\r\n", ramp.values, 255),
      ToRgb(ramp.bytes, 3));
  ExpectDecodes(Binary("P6\r# x\r7 4\r255\r", ramp.values, 255), ToRgb(ramp.bytes, 3));
}

TEST(DecodePnm, TakesBitmaps) {
  const Raw expected = {2, 9, 3, [] {
                          Bytes bytes;
                          for (const char c : std::string("100000001010101011")) {
                            bytes.insert(bytes.end(), 3, c == '1' ? uint8_t{0} : uint8_t{255});
                          }
                          return bytes;
                        }()};
  ExpectDecodes(FileOf("P1\n9 2\n100000001\n0 1 0 1 0 1 0 1 1\n"), expected);
  Bytes binary = FileOf("P4 9 2\n");
  for (const int byte : {0x80, 0x80, 0x55, 0x80}) binary.push_back(static_cast<uint8_t>(byte));
  ExpectDecodes(binary, expected);
}

TEST(DecodePam, TakesEveryMaxvalAndDropsAlpha) {
  for (const int most : {1, 15, 255, 4095, 65535}) {
    for (const int depth : {1, 2, 3, 4}) {
      for (const bool typed : {false, true}) {
        const Numbers ramp = Ramp(depth, most);
        std::string type =
            typed ? std::string("TUPLTYPE ") + (depth < 3 ? "GRAYSCALE" : "RGB") : "";
        if (typed && depth % 2 == 0) type += "_ALPHA";
        const std::string header = "P7\n# x\nWIDTH 7\nHEIGHT 4\nDEPTH " + std::to_string(depth) +
                                   "\nMAXVAL " + std::to_string(most) + "\n" + type + "\nENDHDR\n";
        SCOPED_TRACE(header);
        ExpectDecodes(Binary(header, ramp.values, most), ToRgb(ramp.bytes, depth));
      }
    }
  }
}

TEST(DecodePam, TakesCmyk) {
  const std::string header = "P7\nWIDTH 2\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE CMYK\nENDHDR\n";
  ExpectDecodes(Binary(header, {0, 255, 0, 0, 0, 0, 0, 128}, 255),
                {1, 2, 3, {255, 0, 255, 127, 127, 127}});
}

TEST(DecodePnm, RefusesByName) {
  const auto why = [](const std::string& file) { return Decode(FileOf(file)).why; };
  EXPECT_EQ(why("P5 2 4 255\n12345"), "cut-off PGM: it ends at 50 % of its rows");
  EXPECT_EQ(why("P2 2 2 9\n1 2 3"), "cut-off PGM: it ends at 50 % of its rows");
  EXPECT_EQ(why("P2 2 2 9\n1 2 3 10"), "damaged PGM: a value is not a number up to its maxval");
  EXPECT_EQ(why("P5 1 1 9\n\x0A"), "damaged PGM: a value is above its maxval");
  EXPECT_THAT(why("P6 2 2 65536\n"),
              HasSubstr("damaged PPM: its header has no maxval of 1 to 65535"));
  EXPECT_THAT(why("P6 -2 2 255\n"), HasSubstr("damaged PPM: its header"));
  EXPECT_THAT(why("P7\nWIDTH 2\nENDHDR\n"), HasSubstr("damaged PAM: its header"));
  EXPECT_EQ(why("P7\nWIDTH 2\nHEIGHT 2\nDEPTH 7\nMAXVAL 255\nTUPLTYPE BANDS\nENDHDR\n"),
            "PAM of 7 samples a pixel and TUPLTYPE 'BANDS': not supported");
}

TEST(DecodePnm, RefusesWhatHasMorePixelsThanAreAllowed) {
  const Bytes file = WritePnm(SmoothImage(20, 30, 3));
  RgbImage image;
  std::string why;
  EXPECT_FALSE(DecodePnm(file, 599, image, &why));
  EXPECT_EQ(why, "it is too large: 30x20 pixels, more than max_pixels=599");
  EXPECT_TRUE(image.storage.empty()) << "no memory was taken";
  EXPECT_TRUE(DecodePnm(file, 600, image, &why)) << why;
  EXPECT_THAT(Decode(FileOf("P5 99999999999999999999 1 255 ")).why, HasSubstr("too large"));
}

}  // namespace
}  // namespace flowtrain::pnm_test
