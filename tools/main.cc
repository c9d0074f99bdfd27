// The flowtrain program: its command line, and what each command runs.
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "nodes/augment/simd/instruction_set.h"
#include "pipeline/error.h"
#include "pipeline/log.h"
#include "pipeline/signals.h"
#include "tools/bench_command.h"
#include "tools/bench_loader.h"
#include "tools/compare/compare_command.h"
#include "tools/digest_command.h"
#include "tools/export_command.h"
#include "tools/failure.h"
#include "tools/inspect_command.h"
#include "tools/key_watch.h"
#include "tools/load.h"
#include "tools/pack_command.h"
#include "tools/standard_streams.h"
#include "tools/timing/timing_command.h"
#include "tools/train_command.h"
#include "tools/tune/tune_command.h"

namespace flowtrain {
namespace {

constexpr char kFooter[] = R"(
Examples:
  flowtrain graphs/simclr.yaml
      Trains with the parameters of configs/stl10_config.yaml; on the built-in
      sample pictures where STL-10 is not there.
  flowtrain graphs/simclr.yaml --set data.root=/data/stl10_binary --set train.epochs=20
  flowtrain graphs/simclr.yaml --config my.yaml --run-dir runs/first
      my.yaml needs only the parameters that differ.
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

// What the command line asks for.
struct CommandLine {
  GraphRequest graph;
  bool quiet = false, dot = false;
  std::string type;
  BenchRequest bench;
  LoaderBenchRequest loader;
  PackRequest pack;
  ExportRequest weights;
  TimingRequest timing;
  TuneRequest tune;
  CompareRequest compare;
  std::string digest;  // checkpoint
};

void AddParameterOptions(CLI::App& app, std::vector<std::string>& configs,
                         std::vector<std::string>& sets) {
  app.add_option("--config", configs,
                 "Parameter file laid over the graph's own; may be given again")
      ->allow_extra_args(false)
      ->type_name("FILE");
  app.add_option("--set", sets,
                 "One parameter, e.g. train.epochs=20; over all files; may be given again")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
}

void AddGraphOptions(CLI::App& app, GraphRequest& request, bool required) {
  app.add_option("GRAPH", request.graph, "Graph file, e.g. graphs/simclr.yaml")->required(required);
  AddParameterOptions(app, request.configs, request.sets);
}

void AddLoaderBench(CLI::App& bench, LoaderBenchRequest& request) {
  auto* loader = bench.add_subcommand(
      "loader", "Measure the loader by itself: no device, no model; views/s and where time goes");
  AddGraphOptions(*loader, request.graph, true);
  const CLI::Range seconds(0.05, 86400.0);
  loader->add_option("--seconds", request.times.seconds, "Timed part of a run")
      ->check(seconds)
      ->capture_default_str();
  loader->add_option("--warm-up", request.times.warm_up_s, "Seconds of a run before it is timed")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  loader
      ->add_option("--warm-up-epochs", request.times.warm_up_epochs,
                   "Passes over the data set before a run is timed: 1 fills a cache")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  loader->add_option("--repeats", request.repeats, "Runs; the median is printed")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  loader
      ->add_option("--device-rate", request.device_rate,
                   "Let a device that takes so many images a second stand after the loader")
      ->check(CLI::Range(1e-3, 1e9))
      ->type_name("IMAGES_PER_S");
  loader->add_flag("--skip-engine", request.skip_engine,
                   "Do not measure the engine's share of the time on one core");
  loader->add_flag("--json", request.json, "One JSON object on standard output");
}

void AddBench(CLI::App& app, CommandLine& line) {
  auto* bench = app.add_subcommand(
      "bench", "Compare training with the loader to training on fixed batches without one");
  bench->require_subcommand(0, 1);
  AddGraphOptions(*bench, line.bench.graph, false);  // `bench loader` has its own
  bench->add_option("--steps", line.bench.steps, "Optimiser steps a run")
      ->check(CLI::Range(2, 1000000))
      ->capture_default_str();
  bench->add_option("--repeats", line.bench.repeats, "Runs of each kind")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  AddLoaderBench(*bench, line.loader);
}

ExitCode RunBench(const CLI::App& bench, const CommandLine& line, StopSignals& signals) {
  if (bench.got_subcommand("loader")) return BenchLoader(line.loader, signals, std::cout);
  if (line.bench.graph.graph.empty()) {
    throw ConfigError("no graph was given; try: flowtrain bench graphs/simclr.yaml");
  }
  return Bench(line.bench, signals, std::cout);
}

void AddTiming(CLI::App& app, TimingRequest& request) {
  auto* timing = app.add_subcommand(
      "timing", "Show where the time goes, how fast the machine could be, and what to change");
  timing
      ->add_option("GRAPH|RUN", request.graph.graph,
                   "Graph file to run and measure, or the folder of a run that has ended")
      ->required();
  AddParameterOptions(*timing, request.graph.configs, request.graph.sets);
  timing->add_option("--steps", request.steps, "Optimiser steps that are measured")
      ->check(CLI::Range(1, 1000000000))
      ->capture_default_str();
  timing->add_option("--warmup", request.warm_up, "Steps before them that are not")
      ->check(CLI::Range(0, 1000000000))
      ->capture_default_str();
  timing->add_option("--seconds", request.seconds, "Measure no longer than this")
      ->check(CLI::Range(0.1, 86400.0))
      ->capture_default_str();
  timing->add_flag("--no-device", request.no_device, "The loader alone, without device and model");
  timing->add_flag("--sweep", request.sweep, "Each node alone on 1, 2, 4 ... workers");
  timing->add_flag("--quick", request.quick,
                   "Do not measure nodes and device alone: the bound is less exact");
  timing->add_flag("--ops", request.ops, "libtorch's operators too, by device or CPU time");
  timing
      ->add_option("--trace", request.trace,
                   "Write the timeline as Chrome trace events, for https://ui.perfetto.dev")
      ->type_name("FILE");
  timing->add_option("--html", request.html, "Write all of it as one page to look at")
      ->type_name("FILE");
  timing->add_flag("--json", request.json, "One JSON object on standard output (docs/timing.md)");
}

void AddTune(CLI::App& app, TuneRequest& request) {
  auto* tune = app.add_subcommand(
      "tune", "Find the worker counts, slots and batch buffers that are fastest on this machine");
  AddGraphOptions(*tune, request.graph, true);
  tune->add_option("--to", request.to, "File to write; without it configs/tuned/HOST.yaml")
      ->type_name("FILE");
  tune->add_option("--seconds", request.seconds, "Of one try")
      ->check(CLI::Range(0.05, 3600.0))
      ->capture_default_str();
  tune->add_option("--max-threads", request.max_threads,
                   "Worker threads at most; 0: twice the cores")
      ->check(CLI::Range(0, 4096))
      ->capture_default_str();
  tune->add_flag("--no-device", request.no_device, "The loader alone, without device and model");
}

void AddCompare(CLI::App& app, CompareRequest& request) {
  auto* compare = app.add_subcommand(
      "compare",
      "Measure what mixed precision, accumulation and the other settings are worth here");
  AddGraphOptions(*compare, request.graph, true);
  compare->add_option("--steps", request.steps, "Optimiser steps a run")
      ->check(CLI::Range(2, 1000000))
      ->capture_default_str();
  compare->add_option("--repeats", request.repeats, "Runs of each setting, by turns")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  compare->add_flag("--md", request.markdown, "Print the table as Markdown");
}

void AddPack(CLI::App& app, PackRequest& request) {
  auto* pack = app.add_subcommand("pack", "Decode a data set to one file to train from");
  pack->add_option("DATASET", request.dataset,
                   "Folder of images or of STL-10's files, or sample (the built-in pictures)");
  pack->add_option("OUT", request.out, "File to make, e.g. photos.ftpack");
  pack->add_option("--max-side", request.max_side,
                   "Shrink images until their largest side has so many pixels")
      ->check(CLI::Range(1, 65535));
  pack->add_option("--max-bad-fraction", request.max_bad_fraction,
                   "Unreadable images, as a share of all, before it gives up")
      ->check(CLI::Range(0.0, 1.0));
  pack->add_flag("--force", request.force, "Write over a file that is there");
  pack->add_option("--verify", request.verify, "Check every image of a packed file instead")
      ->type_name("FILE");
  AddParameterOptions(*pack, request.configs, request.sets);
}

void AddExport(CLI::App& app, ExportRequest& request) {
  auto* weights = app.add_subcommand(
      "export", "Write a checkpoint's backbone as weights with torchvision's (and timm's) names");
  weights->add_option("CHECKPOINT", request.checkpoint, "Checkpoint, or a run's folder")
      ->required();
  weights
      ->add_option("--to", request.to,
                   "File to write: .safetensors, or .pt for torch.load(…, weights_only=True)")
      ->required()
      ->type_name("FILE");
  weights->add_flag("--force", request.force, "Write over a file that is there");
}

void AddResume(CLI::App& app, ResumeRequest& request) {
  auto* resume =
      app.add_option("--resume", request.from,
                     "Go on with the run in a folder, or from a checkpoint; without a value with "
                     "that in --run-dir, else with the newest one")
          ->expected(0, 1)
          ->type_name("PATH");
  app.add_flag("--resume-anyway", request.anyway,
               "With --resume: go on although parameters have changed that make it another run")
      ->needs(resume);
}

void AddDigest(CLI::App& app, std::string& checkpoint) {
  auto* digest = app.add_subcommand(
      "digest", "Check a checkpoint to its last byte; print a checksum of all its tensors");
  digest->add_option("CHECKPOINT", checkpoint, "Checkpoint, or a run's folder")->required();
}

void AddCommands(CLI::App& app, CommandLine& line) {
  app.set_version_flag("--version", "flowtrain " FLOWTRAIN_VERSION);
  app.footer(kFooter);
  app.require_subcommand(0, 1);
  AddGraphOptions(app, line.graph, false);
  app.add_option("--run-dir", line.graph.run_dir,
                 "Folder the run writes to, new or empty; without it runs/NAME-DATE")
      ->type_name("DIR");
  AddResume(app, line.graph.resume);
  app.add_option("--init", line.graph.init,
                 "Start the backbone from weights (.safetensors, .pt) or a checkpoint")
      ->type_name("FILE");
  app.add_option("--tuned", line.graph.tuned_file,
                 "Set workers and slots as `flowtrain tune` found; FILE in place of "
                 "configs/tuned/HOST.yaml")
      ->expected(0, 1)
      ->type_name("FILE");
  app.add_flag("--quiet", line.quiet, "Only warnings and errors; the run directory has the rest");

  auto* validate = app.add_subcommand("validate", "Check a graph and its parameters; run nothing");
  AddGraphOptions(*validate, line.graph, true);

  auto* inspect = app.add_subcommand("inspect", "Show a graph with all its parameters put in");
  AddGraphOptions(*inspect, line.graph, true);
  inspect->add_flag("--dot", line.dot, "In Graphviz's language");

  auto* nodes = app.add_subcommand("nodes", "List the types a graph can name, or one's options");
  nodes->add_option("TYPE", line.type, "The type to show");

  AddPack(app, line.pack);
  AddExport(app, line.weights);
  AddDigest(app, line.digest);
  AddBench(app, line);
  AddTiming(app, line.timing);
  AddTune(app, line.tune);
  AddCompare(app, line.compare);
}

ExitCode RunCommand(const CLI::App& app, const CommandLine& line, StopSignals& signals) {
  if (app.got_subcommand("validate")) return Validate(line.graph, std::cout);
  if (app.got_subcommand("inspect")) return Inspect(line.graph, line.dot, std::cout);
  if (app.got_subcommand("nodes")) return ListNodes(line.type, std::cout);
  if (app.got_subcommand("pack")) return Pack(line.pack, signals, std::cout);
  if (app.got_subcommand("export")) return Export(line.weights, std::cout);
  if (app.got_subcommand("timing")) return TimingOf(line.timing, signals, std::cout);
  if (app.got_subcommand("compare")) return CompareSettings(line.compare, signals, std::cout);
  if (app.got_subcommand("tune")) return TuneGraph(line.tune, signals, std::cout);
  if (app.got_subcommand("digest")) return Digest(line.digest, std::cout);
  if (app.got_subcommand("bench")) return RunBench(*app.get_subcommand("bench"), line, signals);
  if (line.graph.graph.empty()) {
    throw ConfigError("no graph was given; try: flowtrain graphs/simclr.yaml (flowtrain --help)");
  }
  return Train(line.graph, line.quiet, signals);
}

void CapInstructionSet() {
  const char* name = std::getenv("FLOWTRAIN_MAX_SIMD");
  if (name == nullptr || simd::CapInstructionSet(name)) return;
  std::string known;
  for (const std::string& set : simd::InstructionSets()) known += ' ' + set;
  throw ConfigError("FLOWTRAIN_MAX_SIMD is '" + std::string(name) +
                    "'; this processor has:" + known);
}

ExitCode Main(int argc, char** argv, StopSignals& signals) {
  CLI::App app("Pre-trains image models without labels, fed by a oneTBB flow graph.", "flowtrain");
  CommandLine line;
  AddCommands(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and the version come here too, with exit code 0.
    return app.exit(error) == 0 ? ExitCode::kDone : ExitCode::kUsage;
  }
  line.graph.tuned = app.count("--tuned") > 0;
  line.graph.resume.wanted = app.count("--resume") > 0;  // it may stand without a value
  CapInstructionSet();
  return RunCommand(app, line, signals);
}

// Where a signal ends the process on the spot.
void BeforeExit() {
  KeyWatch::RestoreTerminal();
  WriteLineAtOnce("interrupted: exiting at once");
}

ExitCode CatchingMain(int argc, char** argv) {
  // Before any other thread, so that all of them leave the signals to this one. Never destroyed: a
  // signal while the process exits would kill it, and the exit code would be another.
  static auto* const watched =
      new StopSignals([](const std::string& text) { LogWarning(text); }, BeforeExit);
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
