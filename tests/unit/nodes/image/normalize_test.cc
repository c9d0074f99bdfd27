#include "nodes/image/simd/normalize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "nodes/image/simd/instruction_set.h"

namespace flowtrain::simd {
namespace {

constexpr std::array<double, 3> kMean{0.485, 0.456, 0.406}, kDeviation{0.229, 0.224, 0.225};

// A mean of which some bytes are hardly off: halves below the smallest normal one.
constexpr std::array<double, 3> kNearMean{100 / 255.0 + 1e-5, 0.5, 0.25};

// Every byte in every channel, and a few more pixels.
std::vector<uint8_t> Pixels(size_t pixels) {
  std::vector<uint8_t> bytes(3 * pixels);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i / 3 + 85 * (i % 3));
  return bytes;
}

double Exact(uint8_t byte, double mean, size_t channel) {
  return (byte / 255.0 - mean) / kDeviation[channel];
}

template <typename T>
std::vector<T> Normalized(const std::vector<uint8_t>& bytes, bool planes,
                          const std::array<double, 3>& mean = kMean) {
  std::vector<T> out(bytes.size() + 1, T{77});  // the last is not to be written
  NormalizeRgb(NormalizationOf(mean, kDeviation), bytes.data(), bytes.size() / 3,
               {out.data(), planes});
  EXPECT_EQ(out.back(), T{77});
  out.pop_back();
  return out;
}

double OfHalf(uint16_t half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  const double size =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (half & 0x8000) != 0 ? -size : size;
}

size_t PlaceOf(size_t pixel, size_t channel, size_t pixels, bool planes) {
  return planes ? channel * pixels + pixel : 3 * pixel + channel;
}

void ExpectTheFormula(size_t pixels, bool planes, const std::array<double, 3>& mean) {
  const std::vector<uint8_t> bytes = Pixels(pixels);
  const std::vector<float> values = Normalized<float>(bytes, planes, mean);
  const std::vector<uint16_t> halves = Normalized<uint16_t>(bytes, planes, mean);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const double exact = Exact(bytes[i], mean[i % 3], i % 3);
    const size_t at = PlaceOf(i / 3, i % 3, pixels, planes);
    EXPECT_NEAR(values[at], exact, 5e-7) << int{bytes[i]};
    // The nearest half of the float: half of the distance to the next.
    const double ulp = std::ldexp(1, std::max(std::ilogb(values[at]), -14) - 10);
    EXPECT_LE(std::abs(OfHalf(halves[at]) - values[at]), ulp / 2) << int{bytes[i]};
  }
}

TEST(Normalize, IsWhatTheFormulaSays) {
  for (const std::string& name : InstructionSets()) {
    ASSERT_TRUE(CapInstructionSet(name));
    for (const size_t pixels : {1, 15, 16, 17, 300}) {
      for (const bool planes : {true, false}) {
        ExpectTheFormula(pixels, planes, kMean);
        ExpectTheFormula(pixels, planes, kNearMean);
      }
    }
  }
  CapInstructionSet("");
}

TEST(Normalize, IsTheSameOnEveryInstructionSet) {
  const std::vector<uint8_t> bytes = Pixels(1000);
  for (const auto& mean : {kMean, kNearMean}) {
    for (const bool planes : {true, false}) {
      const auto floats = Normalized<float>(bytes, planes, mean);
      const auto halves = Normalized<uint16_t>(bytes, planes, mean);
      for (const std::string& name : InstructionSets()) {
        ASSERT_TRUE(CapInstructionSet(name));
        EXPECT_TRUE(Normalized<float>(bytes, planes, mean) == floats) << name;
        EXPECT_TRUE(Normalized<uint16_t>(bytes, planes, mean) == halves) << name;
      }
      CapInstructionSet("");
    }
  }
}

}  // namespace
}  // namespace flowtrain::simd
