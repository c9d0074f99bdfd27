// The program on data and parameters that are out to harm it: a clear error, no crash, no hang.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Grey images in STL-10's layout; without labels there is no evaluation.
void WriteStl10(const TempFolder& folder, size_t images) {
  WriteText(folder / "unlabeled_X.bin", std::string(images * 27648, '\x78'));
}

std::vector<std::string> EndlessRun(const TempFolder& folder) {
  return SmallRun(folder / "run", {"data.kind=stl10", "data.root=" + folder.path(),
                                   "data.splits=[unlabeled]", "train.epochs=1000000"});
}

TEST(HostileInput, ADataFileCutUnderTheRunEndsIt) {
  for (const size_t left : {0, 4000, 100 * 27648}) {
    const TempFolder folder;
    WriteStl10(folder, 200);
    Program program(EndlessRun(folder));
    ASSERT_TRUE(WaitForSteps(program, folder / "run", 2)) << program.output();
    fs::resize_file(folder / "unlabeled_X.bin", left);
    EXPECT_EQ(program.Wait(), 1) << program.output();
    EXPECT_THAT(program.output(), HasSubstr("unlabeled_X.bin changed while it was read: it has " +
                                            std::to_string(left) + " bytes now"));
  }
}

TEST(HostileInput, ADataFileRemovedOrReplacedUnderTheRunIsReadOn) {
  const TempFolder folder;
  WriteStl10(folder, 200);
  Program program(EndlessRun(folder));
  ASSERT_TRUE(WaitForSteps(program, folder / "run", 2)) << program.output();
  WriteText(folder / "other", "short");
  fs::rename(folder / "other", folder / "unlabeled_X.bin");
  fs::remove(folder / "unlabeled_X.bin");
  const size_t before = Losses(folder / "run").size();
  ASSERT_TRUE(WaitForSteps(program, folder / "run", before + 3)) << program.output();
  program.Signal(SIGINT);
  EXPECT_EQ(program.Wait(), 130) << program.output();
}

TEST(HostileInput, ARunsNameStaysInItsFolder) {
  const TempFolder folder;
  for (const std::string name : {"../../x", "/x", "..", "a/b"}) {
    const Result result =
        RunProgram({kGraph, "--set", "run.dir=" + folder.path(), "--set", "run.name=" + name,
                    "--set", "data.kind=sample", "--set", "device=cpu"});
    EXPECT_EQ(result.code, 2) << name;
    EXPECT_THAT(result.output, HasSubstr("--set: run.name: '" + name + "' cannot name a folder"));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(HostileInput, AGraphThatIsNoFileIsRefused) {
  const TempFolder folder;
  ASSERT_EQ(mkfifo((folder / "fifo.yaml").c_str(), 0600), 0);
  for (const std::string& path : {folder / "fifo.yaml", folder.path(), std::string("/dev/zero")}) {
    EXPECT_EQ(RunProgram({path}).code, 2);
    const Result result = RunProgram({"validate", kGraph, "--config", path});
    EXPECT_EQ(result.code, 2);
    EXPECT_THAT(result.output, HasSubstr(path));
  }
}

}  // namespace
}  // namespace flowtrain
