// The flowtrain program: the list of its commands, and what surrounds each of them.
#include <strings.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "nodes/image/simd/instruction_set.h"
#include "pipeline/base/cpu_limits.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "tools/commands/commands.h"
#include "tools/commands/usage.h"
#include "tools/commands/version.h"
#include "tools/process/failure.h"
#include "tools/process/key_watch.h"
#include "tools/process/signals.h"
#include "tools/process/standard_streams.h"

namespace flowtrain {
namespace {

constexpr char kFooter[] = R"(
Examples:
  flowtrain graphs/simclr.yaml
      Trains with the parameters of configs/stl10_config.yaml; on the built-in
      sample pictures where STL-10 is not there.
  flowtrain graphs/simclr.yaml --set data.root=/data/stl10_binary --set train.epochs=20
  flowtrain graphs/simclr.yaml --config configs/sample.yaml --run-dir runs/first
      Parameters from a file, which needs only those that differ.
  flowtrain graphs/simclr.yaml --set data.kind=folder --set data.root=/data/photos
  flowtrain graphs/vicreg.yaml
      Another method: dcl, barlow_twins, vicreg, or a graph that extends one.
  flowtrain graphs/linear_probe.yaml --set checkpoint=runs/first
      What the run's last checkpoint is worth; also graphs/knn.yaml, graphs/embed.yaml.
  flowtrain graphs/simclr.yaml --resume runs/first
      Goes on with that run, from its newest whole checkpoint.
  flowtrain export runs/first --to backbone.safetensors
  flowtrain timing graphs/simclr.yaml
      Where the time goes, how fast the machine could be, and what to change.
  flowtrain tune graphs/simclr.yaml && flowtrain graphs/simclr.yaml --tuned
      Finds the fastest worker counts and slots of this machine, and trains with them.
  flowtrain inspect graphs/simclr.yaml --dot | dot -Tsvg > simclr.svg

A run writes its configuration, log, metrics.jsonl and checkpoints to its run
directory (runs/NAME-DATE). Ctrl-C finishes the window and writes a checkpoint;
a second one aborts; a third exits at once. SIGUSR1, or the key t on a terminal,
shows where the time of the last seconds went.

FLOWTRAIN_MAX_SIMD=avx2 in the environment keeps the augmentation to that
instruction set or a lesser one; the views are the same on all of them.

Exit codes: 0 done; 1 failed; 2 bad command line, graph or parameters;
130 interrupted.)";

void CapInstructionSet() {
  const char* name = std::getenv("FLOWTRAIN_MAX_SIMD");
  if (name == nullptr || simd::CapInstructionSet(name)) return;
  std::string known;
  for (const std::string& set : simd::InstructionSets()) known += ' ' + set;
  throw ConfigError("FLOWTRAIN_MAX_SIMD is '" + std::string(name) +
                    "'; this processor has:" + known);
}

// tools/flowtrain unsets these; the program itself is started too late for that.
void WarnOfBinding() {
  for (const char* name : {"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0' || strcasecmp(value, "false") == 0) continue;
    LogWarning(std::string(name) + '=' + value + " makes OpenMP bind the whole process to " +
               std::to_string(ReadCpuLimits().affinity) + " of the CPU cores: unset it");
    return;
  }
}

// The first line is for programs.
std::string VersionText() {
  const std::string commit = Commit().empty() ? "" : "commit " + Commit() + '\n';
  return Version() + '\n' + commit + Libraries();
}

ExitCode Main(int argc, char** argv, StopSignals& signals) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  CLI::App app("Pre-trains image models without labels, fed by a oneTBB flow graph.", "flowtrain");
  app.set_version_flag("--version", VersionText);
  app.footer(kFooter);
  app.require_subcommand(0, 1);
  const std::string command_line = CommandLineOf(arguments);
  const Command train = AddTrain(app, command_line);
  std::vector<Command> commands = {AddTrain(
      *app.add_subcommand("train", "Train: the same as a graph without a command"), command_line)};
  for (const auto add :
       {AddDoctor,  AddFetch, AddInit,   AddValidate, AddInspect, AddNodes,     AddSchema,
        AddNewNode, AddPack,  AddCheck,  AddExport,   AddDigest,  AddPreview,   AddRuns,
        AddReport,  AddBench, AddTiming, AddTune,     AddCompare, AddCompletion}) {
    commands.push_back(add(app));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and the version come here too.
    if (error.get_exit_code() == 0) return static_cast<ExitCode>(app.exit(error));
    throw ConfigError(ExplainUsage(app, error, arguments));
  }
  CheckUsage(app, arguments);
  CapInstructionSet();
  WarnOfBinding();
  for (const Command& command : commands) {
    if (command.app->parsed()) return command.run(signals);
  }
  return train.run(signals);
}

// Called where a signal ends the process at once.
void BeforeExit() {
  KeyWatch::RestoreTerminal();
  WriteLineAtOnce("interrupted: exiting at once");
}

ExitCode CatchingMain(int argc, char** argv) {
  // Before any other thread, so that all of them leave the signals to this one. Never destroyed:
  // otherwise a signal while the process exits would kill it, with a different exit code.
  static auto* const watched =
      new StopSignals([](const std::string& text) { LogWarning(text); },
                      {BeforeExit, KeyWatch::BeforeStop, KeyWatch::AfterContinue});
  StopSignals& signals = *watched;
  try {
    return Main(argc, argv, signals);
  } catch (...) {
    return LogFailure(std::current_exception());
  }
}

}  // namespace
}  // namespace flowtrain

int main(int argc, char** argv) {
  flowtrain::OpenStandardStreams();
  flowtrain::ReportUncaught();
  auto code = flowtrain::ExitCode::kFailed;
  try {
    code = flowtrain::CatchingMain(argc, argv);
  } catch (...) {
    code = flowtrain::LogFailure(std::current_exception());
  }
  std::cout.flush();
  return static_cast<int>(code);
}
