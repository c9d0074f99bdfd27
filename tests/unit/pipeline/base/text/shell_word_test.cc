#include "pipeline/base/text/shell_word.h"

#include <gtest/gtest.h>

namespace flowtrain {
namespace {

TEST(ShellWord, IsPlainWhereThatIsSafe) {
  for (const char* text : {"graphs/simclr.yaml", "--set", "a=b", "cuda:0", "größe", "x@y,z%+_-."}) {
    EXPECT_EQ(ShellWord(text), text);
  }
}

TEST(ShellWord, IsInApostrophesElsewhere) {
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellWord("a #1"), "'a #1'");
  EXPECT_EQ(ShellWord("~/x"), "'~/x'");
  EXPECT_EQ(ShellWord("$(x)"), "'$(x)'");
  EXPECT_EQ(ShellWord("[a, b]"), "'[a, b]'");
  EXPECT_EQ(ShellWord("it's"), "'it'\\''s'");
}

}  // namespace
}  // namespace flowtrain
