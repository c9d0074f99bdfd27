// The commands of the program. Each adds its options to the command line and runs itself.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "pipeline/base/error.h"
#include "tools/process/signals.h"

namespace flowtrain {

struct Command {
  CLI::App* app;  // its part of the command line
  // Runs it as its options say. Throws ConfigError, DataError and whatever else ends a run.
  std::function<ExitCode(StopSignals&)> run;
};

// Adds its options to `app` itself: the program, which trains where no command is named, or the
// command `train`. A run notes its command line.
Command AddTrain(CLI::App& app, const std::string& command_line);

Command AddValidate(CLI::App& app);
Command AddDoctor(CLI::App& app);
Command AddFetch(CLI::App& app);
Command AddInit(CLI::App& app);
Command AddInspect(CLI::App& app);
Command AddNodes(CLI::App& app);
Command AddSchema(CLI::App& app);
Command AddNewNode(CLI::App& app);
Command AddCompletion(CLI::App& app);
Command AddPack(CLI::App& app);
Command AddCheck(CLI::App& app);
Command AddExport(CLI::App& app);
Command AddDigest(CLI::App& app);
Command AddBench(CLI::App& app);
Command AddLoaderBench(CLI::App& bench);  // a subcommand of `bench`
Command AddTiming(CLI::App& app);
Command AddTune(CLI::App& app);
Command AddCompare(CLI::App& app);
Command AddPreview(CLI::App& app);
Command AddReport(CLI::App& app);
Command AddRuns(CLI::App& app);

}  // namespace flowtrain
