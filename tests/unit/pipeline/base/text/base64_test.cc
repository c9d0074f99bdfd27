#include "pipeline/base/text/base64.h"

#include <gtest/gtest.h>

#include <string_view>

namespace flowtrain {
namespace {

std::string Of(std::string_view text) {
  return Base64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

// RFC 4648, section 10.
TEST(Base64, IsThatOfTheRfc) {
  EXPECT_EQ(Of(""), "");
  EXPECT_EQ(Of("f"), "Zg==");
  EXPECT_EQ(Of("fo"), "Zm8=");
  EXPECT_EQ(Of("foo"), "Zm9v");
  EXPECT_EQ(Of("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Of("\xFB\xFF"), "+/8=");
}

}  // namespace
}  // namespace flowtrain
