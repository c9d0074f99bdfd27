// `flowtrain doctor`: what of this machine stands in the way of a run.

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/doctor/doctor.h"

namespace flowtrain {

Command AddDoctor(CLI::App& app) {
  const auto request = std::make_shared<GraphRequest>();
  request->graph = "graphs/simclr.yaml";
  CLI::App* doctor = app.add_subcommand(
      "doctor", "Check GPU, driver, memory, disks, data and environment; say what mends them");
  TakesPath(doctor->add_option("--graph", request->graph,
                               "Graph whose parameters count; without it graphs/simclr.yaml"))
      ->type_name("FILE");
  AddParameterOptions(*doctor, request->configs, request->sets);
  const auto json = std::make_shared<bool>(false);
  doctor->add_flag("--json", *json, "For programs: a list of findings");
  return {doctor, [request, json](StopSignals&) {
            SetLogLevel(LogLevel::kError);  // what a run would warn of is a finding here
            const Findings findings = Examine(*request);
            std::cout << (*json ? ToJson(findings) : ToText(findings));
            return HasFault(findings) ? ExitCode::kFailed : ExitCode::kDone;
          }};
}

}  // namespace flowtrain
