// The program on a terminal with job control, and in unusual environments.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

using testing::HasSubstr;
using testing::Not;

// Runs a script of bash, as the shell of a terminal, and returns all that it showed until it ended.
// Whenever the next `await` is shown, the keys that belong to it are typed.
std::string InShell(const std::string& script,
                    const std::vector<std::pair<std::string, std::string>>& typed) {
  int terminal = -1;
  const pid_t pid = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (pid == 0) {
    execlp("bash", "bash", "--norc", "-c", script.c_str(), nullptr);
    _exit(127);
  }
  std::string shown;
  std::array<char, 4096> part{};
  size_t next = 0, from = 0;
  for (ssize_t count = 0; (count = read(terminal, part.data(), part.size())) > 0;) {
    shown.append(part.data(), static_cast<size_t>(count));
    if (next == typed.size()) continue;
    const size_t found = shown.find(typed[next].first, from);
    if (found == std::string::npos) continue;
    from = found + typed[next].first.size();
    const std::string& keys = typed[next++].second;
    EXPECT_EQ(write(terminal, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  int status = 0;
  waitpid(pid, &status, 0);
  close(terminal);
  EXPECT_EQ(next, typed.size()) << shown;
  return shown;
}

// The program with its arguments, for a shell.
std::string CommandLine(const std::vector<std::string>& arguments) {
  std::string line = FLOWTRAIN_BINARY;
  for (const std::string& argument : arguments) line += " '" + argument + "'";
  return line;
}

TEST(Terminal, AfterCtrlZTheShellHasItAsItWasAndAfterFgTheKeysWork) {
  const TempFolder folder;
  const std::string run =
      CommandLine(SmallRun(folder / "run", {"train.epochs=4000", "evaluate.knn=false"}));
  // The shell changes the terminal, as an interactive one does when it takes it back.
  const std::string shown = InShell(
      "set -m; " + run +
          "; echo st''opped; stty -a | grep -o '[^ ]*icanon'; stty -a | grep -o '[^ ]*echo;'"
          "; stty icanon echo; fg; echo exit co''de $?",
      {{"epoch 40/4000", "\x1a"},
       {"stopped", ""},
       {"loss", ""},
       {"loss", "xt"},
       {"X*  bound", "\x03"}});
  EXPECT_THAT(shown, HasSubstr("\r\nicanon"));
  EXPECT_THAT(shown, Not(HasSubstr("-icanon")));
  EXPECT_THAT(shown, HasSubstr("exit code 130"));
}

TEST(Terminal, ARunInTheBackgroundGoesOnAndLeavesTheTerminalAlone) {
  const TempFolder folder;
  const std::string run = CommandLine(SmallRun(folder / "run", {"evaluate.knn=false"}));
  // With tostop, writing from the background would stop a process; here it reads, too.
  const std::string shown =
      InShell("set -m; stty tostop; " + run +
                  " & wait %1; echo exit co''de $?; stty -a | grep -o '[^ ]*icanon'; stty -a",
              {{"epoch 1/2", "t"}});
  EXPECT_THAT(shown, HasSubstr("exit code 0"));
  EXPECT_THAT(shown, HasSubstr("\r\nicanon"));
  EXPECT_THAT(shown, Not(HasSubstr("-icanon")));
}

TEST(Terminal, ARunThatComesToTheForegroundTakesKeys) {
  const TempFolder folder;
  const std::string run =
      CommandLine(SmallRun(folder / "run", {"train.epochs=4000", "evaluate.knn=false"}));
  const std::string shown = InShell(
      "set -m; " + run + " & sleep 1; fg; echo exit co''de $?",
      {{"epoch 40/4000", ""}, {"loss", ""}, {"loss", ""}, {"loss", "t"}, {"X*  bound", "\x03"}});
  EXPECT_THAT(shown, HasSubstr("exit code 130"));
}

// A library with the name of one of libtorch's that is none.
TEST(Environment, ForeignLibrariesOfLdLibraryPathAreNotTaken) {
  const TempFolder folder;
  for (const char* name : {"libc10.so", "libtorch_cpu.so"}) folder.Write(name, "no library");
  Program program({"--version"}, [&] { setenv("LD_LIBRARY_PATH", folder.path().c_str(), 1); });
  EXPECT_EQ(program.Wait(), 0) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("flowtrain "));
}

TEST(Environment, OpenMpThatBindsTheProcessToACoreIsNamed) {
  Program program({"validate", kGraph}, [] { setenv("OMP_PROC_BIND", "true", 1); });
  EXPECT_EQ(program.Wait(), 0) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("OMP_PROC_BIND=true makes OpenMP bind the whole process "
                                          "to 1 of the CPU cores: unset it"));
}

TEST(Environment, WithoutAHomeAndWithoutATemporaryFolderItRuns) {
  const TempFolder folder;
  Program program(SmallRun(folder / "run", {"train.max_steps=1", "evaluate.knn=false"}), [] {
    for (const char* name : {"HOME", "XDG_CACHE_HOME", "LANG", "LC_ALL", "TERM", "PATH"}) {
      unsetenv(name);
    }
    setenv("TMPDIR", "/no/such/folder", 1);
  });
  EXPECT_EQ(program.Wait(), 0) << program.output();
}

}  // namespace
}  // namespace flowtrain
