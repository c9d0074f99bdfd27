// `--devices N`: the ranks of a run, started here.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "nodes/distributed/launch/launch.h"
#include "pipeline/base/error.h"
#include "tools/process/signals.h"

namespace flowtrain {

// The option `--devices` of a command.
struct DevicesRequest {
  int devices = 1;  // processes to start

  void AddTo(CLI::App& app);
  // Whether this process is to start the ranks, and not one of them. Throws ConfigError where the
  // number cannot be, or is not that of the ranks which something else has started.
  bool IsToStartRanks() const;
};

// Throws ConfigError for an option that measures the loader of one process, in one of several.
void RefuseOfSeveral(const std::string& option, const Launch& launch);

// A rank names itself in its messages. Until the run begins all ranks would say the same, so that only
// rank 0 says more than errors.
void LogAsRank(const Launch& launch);

// Starts this program so many times with its own command line, as the ranks of one run on this
// machine, and waits for all of them. Signals are passed on. When one fails the others are given
// some seconds to end by themselves. Returns the exit code of the first that failed, or else of
// rank 0. Throws std::runtime_error where a process cannot be started.
ExitCode StartRanks(int ranks, StopSignals& signals);

}  // namespace flowtrain
