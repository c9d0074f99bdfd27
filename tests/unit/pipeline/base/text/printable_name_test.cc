#include "pipeline/base/text/printable_name.h"

#include <gtest/gtest.h>

namespace flowtrain {
namespace {

TEST(PrintableName, LeavesTextAndSpellsOutTheRest) {
  EXPECT_EQ(PrintableName(""), "");
  EXPECT_EQ(PrintableName("dress/a b.jpg"), "dress/a b.jpg");
  EXPECT_EQ(PrintableName("\xC3\xA9\xF0\x9F\x92\xA1"), "\xC3\xA9\xF0\x9F\x92\xA1");
  EXPECT_EQ(PrintableName("a\nb\x1B[31m\x7F"), "a\\x0Ab\\x1B[31m\\x7F");
  EXPECT_EQ(PrintableName("\xE9t\xC3"), "\\xE9t\\xC3");
  EXPECT_EQ(PrintableName(std::string_view("\0x", 2)), "\\x00x");
}

}  // namespace
}  // namespace flowtrain
