#include "nodes/report/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include "pipeline/base/log.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

Progress AtStep(uint64_t step) {
  Progress progress;
  progress.epoch = 1;
  progress.step = step;
  progress.steps = 10000;
  return progress;
}

size_t Count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

class ProgressBarTest : public testing::Test {
 protected:
  ProgressBarTest() : file_(temp_ / "terminal"), out_(fopen(file_.c_str(), "w")) {}
  ~ProgressBarTest() override { fclose(out_); }

  TempFolder temp_;
  std::string file_;
  FILE* out_;
};

TEST_F(ProgressBarTest, LogLinesStandAboveTheBar) {
  {
    ProgressBar bar(fileno(out_), false);
    bar.Show(AtStep(1));
    LogInfo("a line of the log");
  }
  const std::string clear = "\r\x1b[2K";
  const std::string drawn = BarLine(AtStep(1), 79, false);
  EXPECT_EQ(ReadText(file_), clear + drawn + clear + "a line of the log\n" + drawn + clear);
}

TEST_F(ProgressBarTest, BeforeTheFirstDrawingThereIsNoBar) {
  {
    ProgressBar bar(fileno(out_), false);
    LogInfo("early");
  }
  EXPECT_THAT(ReadText(file_), testing::EndsWith("early\n"));
}

TEST_F(ProgressBarTest, IsRedrawnSeldom) {
  ProgressBar bar(fileno(out_), true);
  for (uint64_t step = 1; step <= 10000; ++step) bar.Show(AtStep(step));
  EXPECT_LT(Count(ReadText(file_), "step "), 1000U);
  EXPECT_GE(Count(ReadText(file_), "step "), 1U);
}

TEST(Terminal, AFileCannotRedraw) {
  TempFolder temp;
  FILE* out = fopen((temp / "file").c_str(), "w");
  EXPECT_FALSE(CanRedraw(fileno(out)));
  fclose(out);
}

TEST(Terminal, TheFirstLocaleVariableSetDecides) {
  unsetenv("LC_ALL");
  unsetenv("LC_CTYPE");
  setenv("LANG", "en_GB.UTF-8", 1);
  EXPECT_TRUE(LocaleIsUtf8());
  setenv("LC_ALL", "C", 1);
  EXPECT_FALSE(LocaleIsUtf8());
  setenv("LC_ALL", "C.utf8", 1);
  EXPECT_TRUE(LocaleIsUtf8());
  unsetenv("LC_ALL");
  unsetenv("LANG");
  EXPECT_FALSE(LocaleIsUtf8());
}

}  // namespace
}  // namespace flowtrain
