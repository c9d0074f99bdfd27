#include "pipeline/base/files/xxh64.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

namespace flowtrain {
namespace {

uint64_t Of(const std::string& text) {
  return Xxh64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

// Values of the reference library, version 0.8.1, over every branch: less than 4, 8 and 32 bytes,
// whole stripes, and what is left after them.
TEST(Xxh64, IsThatOfTheReferenceLibrary) {
  const std::string text =
      "The quick brown fox jumps over the lazy dog, and 64 bytes of text are more than a stripe";
  EXPECT_EQ(Of(text.substr(0, 0)), 0xEF46DB3751D8E999u);
  EXPECT_EQ(Of(text.substr(0, 1)), 0x5B4D6AF247A3CF7Bu);
  EXPECT_EQ(Of(text.substr(0, 3)), 0x4108F90B5DE14D15u);
  EXPECT_EQ(Of(text.substr(0, 4)), 0xCDF13A49D263200Fu);
  EXPECT_EQ(Of(text.substr(0, 7)), 0xC6FCE9D72E310949u);
  EXPECT_EQ(Of(text.substr(0, 8)), 0xD07B38A78A153B0Bu);
  EXPECT_EQ(Of(text.substr(0, 12)), 0xB2ED38017844F789u);
  EXPECT_EQ(Of(text.substr(0, 31)), 0x3F8D95AB32C127D9u);
  EXPECT_EQ(Of(text.substr(0, 32)), 0xE2BBC9136629A4EEu);
  EXPECT_EQ(Of(text.substr(0, 33)), 0x6D92FE2EBAB7DB31u);
  EXPECT_EQ(Of(text.substr(0, 63)), 0x7BE9C7470EF3E69Bu);
  EXPECT_EQ(Of(text.substr(0, 64)), 0xD737A2B324BA5404u);
  EXPECT_EQ(Of(text.substr(0, 88)), 0x4471EE88ABBCBD77u);
}

TEST(Xxh64, EveryBitCounts) {
  std::vector<uint8_t> bytes(203);
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  const uint64_t whole = Xxh64(bytes);
  for (uint8_t& byte : bytes) {
    byte ^= 0x10;
    EXPECT_NE(Xxh64(bytes), whole);
    byte ^= 0x10;
  }
  EXPECT_EQ(Xxh64(bytes), whole);
}

}  // namespace
}  // namespace flowtrain
