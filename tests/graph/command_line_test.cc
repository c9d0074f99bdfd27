// Settings and commands, end to end: what the program takes, what it refuses, and what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

// `flowtrain validate graphs/simclr.yaml --set …`
Result ValidateWith(const std::vector<std::string>& sets) {
  std::vector<std::string> arguments = {"validate", kGraph};
  for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
  return RunProgram(arguments);
}

Result ValidateFile(const TempFolder& folder, const std::string& text) {
  WriteText(folder / "my.yaml", text);
  return RunProgram({"validate", kGraph, "--config", folder / "my.yaml"});
}

void ExpectRefused(const Result& result, const std::vector<std::string>& parts) {
  EXPECT_EQ(result.code, 2) << result.output;
  for (const std::string& part : parts) EXPECT_THAT(result.output, HasSubstr(part));
}

// A training of one step, or of none where it fails.
std::vector<std::string> OneStep(const std::string& run,
                                 const std::vector<std::string>& extra = {}) {
  std::vector<std::string> sets = {"train.max_steps=1", "evaluate.knn=false"};
  sets.insert(sets.end(), extra.begin(), extra.end());
  return SmallRun(run, sets);
}

// A training in `folder`, where the default data set is not, so that the sample set stands in.
Result OnTheDefaultData(const TempFolder& folder, const std::vector<std::string>& sets,
                        const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {kGraph, "--run-dir", folder / "run"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
  Program program(arguments, [&] { std::filesystem::current_path(folder.path()); });
  const int code = program.Wait();
  return {code, program.output()};
}

TEST(Settings, AFileLiesOverTheParametersOfTheSample) {
  const TempFolder folder;
  WriteText(folder / "my.yaml", "train: {epochs: 3}\n");
  const Result result = OnTheDefaultData(folder,
                                         {"train.max_steps=1", "evaluate.knn=false",
                                          "sample.images=24", "data.batch_size=4", "device=cpu"},
                                         {"--config", folder / "my.yaml"});
  ASSERT_EQ(result.code, 0) << result.output;
  const std::string config = ReadText(folder / "run/config.yaml");
  EXPECT_THAT(config, HasSubstr("  epochs: 3\n"));
  EXPECT_THAT(config, HasSubstr("  optimizer: adamw\n"))
      << "what the file does not give is sample.yaml's";
  EXPECT_THAT(config, HasSubstr("  kind: \"sample\"\n"));
}

TEST(Settings, TheConfigurationOfARunIsForOtherRuns) {
  const TempFolder folder;
  ASSERT_EQ(RunProgram(OneStep(folder / "a")).code, 0);
  std::vector<std::string> resume = OneStep(folder / "a", {"train.max_steps=2"});
  resume.insert(resume.end(), {"--resume", folder / "a"});
  ASSERT_EQ(RunProgram(resume).code, 0);
  const std::string config = ReadText(folder / "a/config.yaml");
  for (const char* key : {"  path:", "  resume:", "  start_step:", "  go_on:"}) {
    EXPECT_THAT(config, Not(HasSubstr(key)));
  }
  const Result again =
      RunProgram({kGraph, "--config", folder / "a/config.yaml", "--run-dir", folder / "b"});
  ASSERT_EQ(again.code, 0) << again.output;
  EXPECT_EQ(Steps(folder / "b"), (std::vector<uint64_t>{1, 2})) << "from the beginning";
}

TEST(Settings, AnOlderRunsConfigurationDoesNotResumeIt) {
  const TempFolder folder;
  ASSERT_EQ(RunProgram(OneStep(folder / "a", {"run.dir=" + (folder / "runs")})).code, 0);
  const std::string resumed = folder / "a/config.yaml";
  std::string config = ReadText(resumed);
  const std::string run = "\nrun:\n";
  ASSERT_NE(config.find(run), std::string::npos);
  config.insert(config.find(run) + run.size(), "  path: " + (folder / "a") +
                                                   "\n  resume: /nothing\n  start_step: 5\n"
                                                   "  go_on: true\n");
  WriteText(resumed, config);
  const Result again = RunProgram({kGraph, "--config", resumed});
  ASSERT_EQ(again.code, 0) << again.output;
  for (const char* key : {"run.path", "run.resume", "run.start_step", "run.go_on"}) {
    EXPECT_THAT(again.output, HasSubstr(std::string(key) + " is left out"));
  }
  EXPECT_EQ(Steps(folder / "a").size(), 1u) << "the run itself is not touched";
  ExpectRefused(ValidateWith({"run.start_step=3"}), {"run.start_step is set by --resume"});
}

TEST(Settings, SetKeepsEveryCharacter) {
  const Result shown =
      RunProgram({"inspect", kGraph, "--set", "data.root=/data/my #1 photos: a=b"});
  EXPECT_EQ(shown.code, 0);
  EXPECT_THAT(shown.output, HasSubstr("/data/my #1 photos: a=b"));
  ExpectRefused(ValidateWith({"data.splits=[train] # test"}), {"cut off at '#'"});
}

TEST(Settings, SaysWhenSetGivesAKeyTwice) {
  const Result result = ValidateWith({"train.epochs=3", "train.epochs=4"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.output, HasSubstr("--set gives train.epochs more than once: train.epochs=4 "
                                       "holds, not train.epochs=3"));
  EXPECT_THAT(ValidateWith({"train.epochs=3", "train.epochs=3"}).output,
              Not(HasSubstr("more than once")));
}

TEST(Settings, AParameterStandsOnceInAFile) {
  const TempFolder folder;
  ExpectRefused(ValidateFile(folder, "train.epochs: 3\ntrain: {epochs: 4}\n"),
                {"my.yaml:2:9: parameter 'train.epochs' is given twice (first in line 1)"});
  ExpectRefused(ValidateFile(folder, "train: {epochs: 3}\ntrain.epochs: 3\n"), {"given twice"});
}

TEST(Settings, ValidateRefusesWhatARunWouldRefuse) {
  for (const char* set : {"device=gpu", "device=cuda:x", "device=CPU", "device=", "device=cuda:"}) {
    ExpectRefused(ValidateWith({set}), {"--set: device: ", "not one of auto, cpu, cuda, cuda:N"});
  }
  EXPECT_EQ(ValidateWith({"device=cuda:1"}).code, 0);
  ExpectRefused(ValidateWith({"gpu.memory_limit=lots"}), {"gpu.memory_limit: 'lots'", "12 GiB"});
  ExpectRefused(ValidateWith({"data.cache_budget=200%"}), {"data.cache_budget: '200%'", "4 GiB"});
  ExpectRefused(ValidateWith({"limits.host_memory=-3"}), {"limits.host_memory: '-3'"});
  ExpectRefused(ValidateWith({"gpu.gradient_accumulation=0"}),
                {"gpu.gradient_accumulation: '0'", "auto"});
  ExpectRefused(ValidateWith({"run.name=a/b"}), {"run.name: 'a/b'"});
}

TEST(Settings, AWrongValueIsOneLineWithKeyPlaceAndWhatIsAllowed) {
  const TempFolder folder;
  const auto one_line = [](const Result& result, const std::string& line) {
    EXPECT_EQ(result.code, 2);
    EXPECT_EQ(result.output, "error: " + line + '\n');
  };
  one_line(ValidateWith({"train.seed=0x10"}), "--set: train.seed: '0x10' is not an integer");
  // Ten in YAML 1.1, twelve in YAML 1.2.
  one_line(ValidateWith({"train.epochs=012"}), "--set: train.epochs: '012' is not an integer >= 1");
  one_line(ValidateWith({"train.learning_rate=1e999"}),
           "--set: train.learning_rate: '1e999' is too large; it takes a number >= 0");
  one_line(ValidateWith({"train.learning_rate=1e-999"}),
           "--set: train.learning_rate: '1e-999' is not a number >= 0");
  one_line(ValidateWith({"data.cache=memory", "data.cache_budget=4"}),
           "--set: data.cache_budget: '4' would be bytes: write the unit too, as in 4 GiB");
  one_line(ValidateWith({"train.epochs=yes"}), "--set: train.epochs: 'yes' is not an integer >= 1");
  one_line(ValidateWith({"train.epochs=1e3"}), "--set: train.epochs: '1e3' is not an integer >= 1");
  one_line(ValidateWith({"train.epochs=99999999999999999999"}),
           "--set: train.epochs: '99999999999999999999' is too large; it takes an integer >= 1");
  one_line(ValidateWith({"data.num_workers=six"}),
           "--set: data.num_workers: 'six' is not an integer >= 1 or auto");
  one_line(ValidateWith({"train.optimizer=[sgd]"}),
           "--set: train.optimizer: '[sgd]' is not one of sgd, adamw, lars");
  one_line(ValidateWith({"augment.flip=nan"}),
           "--set: augment.flip: 'nan' is not a number, 0 to 1");
  one_line(
      ValidateWith({"train.epochs=~"}),
      "--set: train.epochs: '~' means no value in YAML; it takes an integer >= 1 (for the text, "
      "put it in quotes)");
  one_line(ValidateFile(folder, "train:\n  epochs: null\n"),
           folder /
               "my.yaml:2:11: train.epochs: 'null' means no value in YAML; it takes an integer "
               ">= 1 (for the text, put it in quotes)");
  one_line(ValidateFile(folder, "data:\n  batch_size: 0\n"),
           folder / "my.yaml:2:15: data.batch_size: must be at least 1, not 0");
  one_line(ValidateFile(folder, "train:\n  epochs:\n"),
           folder / "my.yaml:2:3: train.epochs: no value is given; it takes an integer >= 1");
}

TEST(Settings, AnUnknownKeyListsThoseOfItsGroup) {
  ExpectRefused(
      ValidateWith({"evaluate.k=3"}),
      {"unknown parameter 'evaluate.k'",
       "(evaluate has knn, probe, pictures, every_epochs, neighbours, temperature, batch_size"});
  ExpectRefused(ValidateWith({"data.Batch-Size=3"}),
                {"did you mean 'data.batch_size'? (data has ", ", num_workers, "});
  ExpectRefused(ValidateWith({"epochs=3"}),
                {"did you mean 'train.epochs'? (known are device, threads, "});
}

// Of a run that does not begin, neither its data set nor its workers matter.
TEST(Settings, WhatIsWrongStandsAlone) {
  const Result result = RunProgram({kGraph, "--set", "train.epohs=3"});
  ExpectRefused(result, {"unknown parameter 'train.epohs'"});
  EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 1) << result.output;
}

TEST(Settings, TabsAndIndentationAreCalledThat) {
  const TempFolder folder;
  ExpectRefused(ValidateFile(folder, "train:\n\tepochs: 3\n"),
                {"my.yaml:2:1: a tab in the indentation"});
  ExpectRefused(ValidateFile(folder, "train:\n  epochs: 3\n   seed: 4\n"),
                {"my.yaml:3:4: wrong indentation"});
  ExpectRefused(ValidateFile(folder, " train:\n  epochs: 3\ndata:\n  root: x\n"),
                {"my.yaml:3:1: wrong indentation"});
  EXPECT_EQ(ValidateFile(folder, "\xEF\xBB\xBFtrain:\r\n  epochs: 3\r\n").code, 0);
  EXPECT_EQ(ValidateFile(folder, "").code, 0);
}

TEST(RunFolder, ARunThatFailsBeforeItsFirstStepLeavesNone) {
  const TempFolder folder;
  const Result failed = RunProgram(OneStep(folder / "run", {"data.batch_size=1000"}));
  EXPECT_EQ(failed.code, 2) << failed.output;
  EXPECT_FALSE(std::filesystem::exists(folder / "run")) << failed.output;
  const Result corrected = RunProgram(OneStep(folder / "run"));
  EXPECT_EQ(corrected.code, 0) << corrected.output;
  // A failure after a step leaves everything.
  EXPECT_EQ(Steps(folder / "run").size(), 1u);
}

TEST(RunFolder, SaysWhatMadeIt) {
  const TempFolder folder;
  std::vector<std::string> arguments = OneStep(folder / "run", {"run.name=my #1"});
  const Result result = RunProgram(arguments);
  ASSERT_EQ(result.code, 0) << result.output;
  const std::string config = ReadText(folder / "run/config.yaml");
  const std::string log = ReadText(folder / "run/log.txt");
  for (const std::string& text : {config, log}) {
    EXPECT_THAT(text, ContainsRegex("flowtrain [0-9.]+(, commit [0-9a-f]+)?"));
    EXPECT_THAT(text,
                HasSubstr("# flowtrain " + kGraph + " --run-dir " + (folder / "run") + " --set "));
    EXPECT_THAT(text, HasSubstr("--set 'run.name=my #1'"));
    EXPECT_THAT(text, ContainsRegex("libtorch 2[0-9.]+, oneTBB 2[0-9.]+, libjpeg"));
  }
  EXPECT_EQ(config.rfind("# flowtrain ", 0), 0u);
  EXPECT_THAT(result.output, Not(HasSubstr("libtorch"))) << "the log file alone has it";
}

TEST(RunFolder, TheLogHasTheWarningsFromBeforeItWasOpened) {
  const TempFolder folder;
  const Result result = OnTheDefaultData(
      folder, {"train.max_steps=1", "evaluate.knn=false", "sample.images=24", "data.batch_size=8",
               "data.batch_size=4", "data.num_workers=4096", "device=cpu"});
  ASSERT_EQ(result.code, 0) << result.output;
  const std::string log = ReadText(folder / "run/log.txt");
  for (const char* part :
       {"THIS RUN TRAINS ON THE BUILT-IN SAMPLE SET", "data.num_workers is lowered from 4096",
        "--set gives data.batch_size more than once"}) {
    EXPECT_THAT(result.output, HasSubstr(part));
    EXPECT_THAT(log, HasSubstr(part));
  }
}

TEST(Commands, TrainWorksAsAWord) {
  const TempFolder folder;
  std::vector<std::string> arguments = OneStep(folder / "run");
  arguments.insert(arguments.begin(), "train");
  const Result result = RunProgram(arguments);
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_EQ(Steps(folder / "run").size(), 1u);
}

TEST(Commands, SayWhatWasMeant) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "photos");
  WriteText(folder / "photo.jpg", "\xFF\xD8\xFF");
  WriteText(folder / "step-1.safetensors", "x");
  const std::string config = kRoot + "/configs/sample.yaml";
  struct Case {
    std::vector<std::string> arguments;
    std::string says;
  };
  const std::vector<Case> cases = {
      {{}, "no graph was given; try: flowtrain graphs/simclr.yaml"},
      {{"train"}, "no graph was given; try: flowtrain train graphs/simclr.yaml"},
      {{"validate"}, "no graph was given; try: flowtrain validate graphs/simclr.yaml"},
      {{"fit"}, "did you mean: flowtrain train graphs/simclr.yaml"},
      {{"fit", kGraph, "--set", "a b=c"},
       "did you mean: flowtrain train " + kGraph + " --set 'a b=c'"},
      {{"timin", kGraph}, "did you mean: flowtrain timing " + kGraph},
      {{"quux"}, "there is no command and no graph 'quux'; the commands are train, doctor, "},
      {{"evaluate", "runs/a"}, "did you mean: flowtrain graphs/knn.yaml --set checkpoint=runs/a"},
      {{"probe", "runs/a"}, "flowtrain graphs/linear_probe.yaml --set checkpoint=runs/a"},
      {{"resume", "runs/a"}, "did you mean: flowtrain graphs/simclr.yaml --resume runs/a"},
      {{"resume"}, "did you mean: flowtrain graphs/simclr.yaml --resume RUN"},
      {{"--resume", "runs/a"}, "try: flowtrain graphs/simclr.yaml --resume runs/a"},
      {{"validate", "--set", "device=cpu"},
       "try: flowtrain validate graphs/simclr.yaml --set device=cpu"},
      {{kGraph, "--set"}, "--set needs a value: --set KEY=VALUE (flowtrain --help)"},
      {{kGraph, "--config"}, "--config needs a value: --config FILE"},
      {{kGraph, "--config", ""}, "--config: the path is empty"},
      {{kGraph, "--init", ""}, "--init: the path is empty"},
      {{kGraph, "--resume", ""}, "--resume: the path is empty"},
      {{kGraph, "--resume="}, "--resume: the path is empty"},
      {{kGraph, "--tuned", "", "--quiet"}, "--tuned: the path is empty"},
      {{kGraph, "--run-dir", ""}, "--run-dir: the path is empty"},
      {{"timing", kGraph, "--trace", ""}, "--trace: the path is empty"},
      {{kGraph, "--run-dir", "a", "--run-dir", "b"},
       "--run-dir is given 2 times, and takes one value"},
      {{"nodes", "Foo"}, "there is no type 'Foo' (flowtrain nodes lists them all)"},
      {{"simclr"}, "did you mean graphs/simclr.yaml?"},
      {{"--resume", kGraph}, "the graph comes first: flowtrain " + kGraph + " --resume"},
      {{"--tuned", kGraph}, "the graph comes first: flowtrain " + kGraph + " --tuned"},
      {{kGraph, "--epochs", "3"}, "--set train.epochs=3"},
      {{"-c", "x"}, "has no option -c; did you mean --config?"},
      {{kGraph, "-s", "a=1"}, "has no option -s; did you mean --set?"},
      {{kGraph, "--epochs=3"}, "--set train.epochs=3"},
      {{"timing", kGraph, "--batch-size", "3"}, "--set data.batch_size=3"},
      {{kGraph, "--seed", "3"}, "--set train.seed=3"},
      {{kGraph, "--run_dir", "x"}, "did you mean --run-dir?"},
      {{kGraph, "train.epochs=3"}, "--set train.epochs=3"},
      {{kGraph, "--set", "train.epochs", "3"},
       "--set takes KEY=VALUE as one word: --set train.epochs=3"},
      {{kGraph, kGraph}, "is one too many"},
      {{"--quiet", "validate", kGraph}, "--quiet stands before validate"},
      {{kGraph, "validate"}, "stands before validate"},
      {{"bench", "--steps", "5", "loader", kGraph}, "--steps stands before loader"},
      {{"validate", kGraph, "--quiet"}, "flowtrain validate has no option --quiet"},
      {{folder / "photos"}, "--set data.root=" + (folder / "photos")},
      {{folder / "photo.jpg"}, "is an image, not a graph"},
      {{folder / "step-1.safetensors"}, "--resume " + (folder / "step-1.safetensors")},
      {{config}, "flowtrain graphs/simclr.yaml --config " + config},
      {{kGraph, "--config", kGraph}, "is a graph; --config takes a file of parameters"},
      {{"digest"}, "CHECKPOINT is required (flowtrain digest --help)"},
  };
  for (const Case& c : cases) {
    const Result result = RunProgram(c.arguments);
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_THAT(result.output, HasSubstr(c.says));
    EXPECT_EQ(result.output.rfind("error: ", 0), 0u) << result.output;
  }
}

TEST(Commands, RefuseOptionsThatTheyDoNotUse) {
  const TempFolder folder;
  WriteText(folder / "timing.json", "{}");
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--trace", folder / "t.json"},
        {"--sweep"},
        {"--quick"},
        {"--no-device"},
        {"--ops"},
        {"--steps", "5"},
        {"--warmup", "5"},
        {"--seconds", "5"},
        {"--set", "train.epochs=3"}}) {
    std::vector<std::string> arguments = {"timing", folder.path()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    ExpectRefused(
        RunProgram(arguments),
        {options.front() == "--warmup" ? "--warm" : options.front(), "would change nothing"});
  }
  ExpectRefused(RunProgram({"timing", kGraph, "--quick", "--sweep"}), {"--quick", "--sweep"});
  ExpectRefused(RunProgram({"timing", kGraph, "--no-device", "--ops"}), {"--no-device", "--ops"});
  ExpectRefused(RunProgram({"pack", "--verify", "x.ftpack", "--force"}), {"--verify", "--force"});
  ExpectRefused(RunProgram({"pack", "sample", "x.ftpack", "--verify", "y"}), {"--verify"});
}

// Arguments for a measurement of the loader of the sample set, without a device.
std::vector<std::string> OnLoader(const std::string& command,
                                  const std::vector<std::string>& extra) {
  std::vector<std::string> arguments = {command, kGraph, "--no-device"};
  for (const char* set : {"data.kind=sample", "sample.images=80", "data.image_size=32",
                          "data.batch_size=8", "data.num_workers=1", "device=cpu", "threads=1",
                          "evaluate.knn=false", "train.max_steps=1"}) {
    arguments.insert(arguments.end(), {"--set", set});
  }
  arguments.insert(arguments.end(), extra.begin(), extra.end());
  return arguments;
}

TEST(Outputs, AreTriedBeforeAnythingIsMeasured) {
  const TempFolder folder;
  WriteText(folder / "file", "x");
  WriteText(folder / "other.yaml", "a: 1\n");
  for (const std::string& path :
       {folder / "none/page.html", folder.path(), folder / "file/page.html"}) {
    for (const char* option : {"--html", "--trace"}) {
      const Result result = RunProgram(OnLoader("timing", {"--quick", option, path}));
      EXPECT_EQ(result.code, 1) << result.output;
      EXPECT_THAT(result.output,
                  AllOf(HasSubstr("cannot write " + path), Not(HasSubstr("running"))));
    }
  }
  const Result tuned = RunProgram(OnLoader("tune", {"--to", folder / "other.yaml"}));
  EXPECT_EQ(tuned.code, 2) << tuned.output;
  EXPECT_THAT(tuned.output, HasSubstr("other.yaml is not a file of flowtrain tune"));
  EXPECT_EQ(ReadText(folder / "other.yaml"), "a: 1\n");
  ExpectRefused(RunProgram(OnLoader("timing", {"--html", folder / "x", "--trace", folder / "x"})),
                {"name the same file"});
}

TEST(Outputs, TheTableIsPrintedEvenIfAFileCannotBeWritten) {
  const TempFolder folder;
  std::filesystem::create_directory(folder / "out");
  Program program(
      OnLoader("timing", {"--seconds", "1", "--quick", "--html", folder / "out/page.html"}));
  ASSERT_TRUE(program.WaitFor("running"));
  std::filesystem::remove_all(folder / "out");
  EXPECT_EQ(program.Wait(), 1);
  EXPECT_THAT(program.output(),
              AllOf(HasSubstr("X*  bound"), HasSubstr("error: "), HasSubstr("page.html")));
}

TEST(Outputs, TunePrintsTheCommandThatWorks) {
  const TempFolder folder;
  const std::string to = folder / "my tuned.yaml";
  const Result tuned = RunProgram(OnLoader("tune", {"--seconds", "0.05", "--to", to}));
  ASSERT_EQ(tuned.code, 0) << tuned.output;
  const size_t at = tuned.output.find("  flowtrain " + kGraph);
  ASSERT_NE(at, std::string::npos) << tuned.output;
  std::string command = tuned.output.substr(at + 12);
  command.erase(command.find('\n'));
  EXPECT_THAT(command,
              AllOf(HasSubstr(" --set data.batch_size=8 "), HasSubstr(" --tuned '" + to + "'")));
  Program program({}, {},
                  {"bash", "-c", "exec \"$0\" " + command + " --run-dir " + (folder / "run")});
  EXPECT_EQ(program.Wait(), 0) << program.output();
  EXPECT_THAT(program.output(), HasSubstr("set as tuned"));
}

TEST(Version, SaysWhatTheProgramIsMadeOf) {
  const Result result = RunProgram({"--version"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.output, ContainsRegex("^flowtrain [0-9.]+\n"));
  EXPECT_THAT(result.output, HasSubstr("\nlibtorch 2."));
}

}  // namespace
}  // namespace flowtrain
