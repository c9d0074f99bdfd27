#include "pipeline/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/base/early_log.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using ::testing::ContainsRegex;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    SetLogWriter([this](const std::string& line) { lines_.push_back(line); });
  }
  ~LogTest() override {
    SetLogWriter(nullptr);
    SetLogFile("");
    SetLogLevel(LogLevel::kInfo);
  }
  std::string FileText() const { return ReadText(path_); }

  std::vector<std::string> lines_;
  const TempFolder folder_;
  const std::string path_ = folder_ / "log.txt";
};

TEST_F(LogTest, PrefixesAllButInfo) {
  SetLogLevel(LogLevel::kDebug);
  Log(LogLevel::kDebug, "a");
  LogInfo("b {} %s");
  LogWarning("c");
  LogError("d");
  EXPECT_THAT(lines_, ElementsAre("debug: a", "b {} %s", "warning: c", "error: d"));
}

TEST_F(LogTest, AFileThatCannotBeWrittenIsToldOnceAndEndsNothing) {
  SetLogFile("/dev/full");
  LogInfo("a");
  LogInfo("b");
  EXPECT_THAT(lines_, ElementsAre("a", HasSubstr("warning: cannot write /dev/full: "), "b"));
}

TEST_F(LogTest, LevelHoldsBackTerminalLinesAlone) {
  SetLogFile(path_);
  SetLogLevel(LogLevel::kError);
  Log(LogLevel::kDebug, "a debug line");
  LogInfo("an info line");
  LogError("an error line");
  EXPECT_THAT(lines_, ElementsAre("error: an error line"));
  EXPECT_THAT(FileText(), HasSubstr("info an info line\n"));
  EXPECT_THAT(FileText(), HasSubstr("error an error line\n"));
  EXPECT_THAT(FileText(), Not(HasSubstr("a debug line")));
}

TEST_F(LogTest, FileLinesHaveATimeAndAreAppended) {
  SetLogFile(path_);
  LogInfo("first");
  SetLogFile("");
  LogInfo("between");
  SetLogFile(path_);
  LogInfo("second");
  EXPECT_THAT(FileText(), ContainsRegex("^20[0-9-]+T[0-9:.]+[+-][0-9:]+ info first\n"));
  EXPECT_THAT(FileText(), HasSubstr("info second\n"));
  EXPECT_THAT(FileText(), Not(HasSubstr("between")));
}

TEST_F(LogTest, KeepsLinesUntilThereIsAFile) {
  KeepLogLines();
  Log(LogLevel::kDebug, "a debug line");
  LogWarning("an early warning");
  LogToFile("for the file alone");
  SetLogFile(path_);
  LogInfo("a later line");
  EXPECT_THAT(lines_, ElementsAre("warning: an early warning", "a later line"));
  EXPECT_THAT(ReadLines(path_),
              ElementsAre(ContainsRegex("^20[0-9-]+T[0-9:.]+[+-][0-9:]+ warning an early warning$"),
                          ContainsRegex(" info for the file alone$"),
                          ContainsRegex(" info a later line$")));
  SetLogFile("");
  LogInfo("between");
  SetLogFile(path_);
  EXPECT_THAT(FileText(), Not(HasSubstr("between"))) << "only those before the first file";
}

TEST_F(LogTest, GoesToStandardErrorWithoutAWriter) {
  SetLogWriter(nullptr);
  ::testing::internal::CaptureStderr();
  LogWarning("to the terminal");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "warning: to the terminal\n");
}

TEST_F(LogTest, RefusesAFileThatCannotBeOpened) {
  EXPECT_THROW(SetLogFile("/proc/no/such/log"), std::runtime_error);
}

TEST_F(LogTest, LinesOfManyThreadsStayWhole) {
  SetLogFile(path_);
  constexpr int kThreads = 8, kLines = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < kLines; ++i) LogInfo("0123456789");
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(lines_, SizeIs(kThreads * kLines));
  const std::vector<std::string> written = ReadLines(path_);
  EXPECT_THAT(written, SizeIs(kThreads * kLines));
  EXPECT_THAT(written, Each(ContainsRegex(" info 0123456789$")));
}

}  // namespace
}  // namespace flowtrain
