// `flowtrain runs`: the runs of a folder; `runs rm` and `runs diff`.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <ctime>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/base/error.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/runs/remove_runs.h"
#include "tools/runs/run_record.h"
#include "tools/runs/show_runs.h"

namespace flowtrain {
namespace {

ExitCode ShowRuns(const std::string& folder, bool json, std::ostream& out) {
  const RunList list = ListRuns(folder);
  out << (json ? RunsJson(folder, list) : RunsText(folder, list, std::time(nullptr)));
  return ExitCode::kDone;
}

bool AskOnTerminal(const std::string& question) {
  std::cout << question << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

ExitCode DeleteRuns(const std::vector<std::string>& names, bool yes, std::ostream& out) {
  if (!yes && isatty(STDIN_FILENO) == 0) {
    throw ConfigError("there is no terminal to ask on: --yes deletes without asking");
  }
  std::vector<std::string> folders;
  folders.reserve(names.size());
  for (const std::string& name : names) folders.push_back(FindRun(name));
  const auto confirm = [yes](const std::string& question) {
    return yes || AskOnTerminal(question);
  };
  const bool deleted = RemoveRuns(folders, confirm);
  out << (deleted ? "deleted\n" : "nothing was deleted\n");
  return deleted ? ExitCode::kDone : ExitCode::kFailed;
}

Command AddRunsRemove(CLI::App& runs) {
  CLI::App* remove = runs.add_subcommand("rm", "Delete runs with all their files; asks first");
  const auto names = std::make_shared<std::vector<std::string>>();
  TakesPath(remove->add_option("RUN", *names, "A run's folder, or its name in runs/"))->required();
  const auto yes = std::make_shared<bool>(false);
  remove->add_flag("--yes,-y", *yes, "Do not ask");
  return {remove, [names, yes](StopSignals&) { return DeleteRuns(*names, *yes, std::cout); }};
}

Command AddRunsDiff(CLI::App& runs) {
  CLI::App* diff =
      runs.add_subcommand("diff", "What differs between two runs: parameters, figures");
  const auto a = std::make_shared<std::string>(), b = std::make_shared<std::string>();
  TakesPath(diff->add_option("A", *a, "A run's folder, or its name in runs/"))->required();
  TakesPath(diff->add_option("B", *b, "Another"))->required();
  const auto json = std::make_shared<bool>(false);
  diff->add_flag("--json", *json, "One JSON object on standard output");
  return {diff, [a, b, json](StopSignals&) {
            std::cout << RunsDifference(ReadRun(FindRun(*a)), ReadRun(FindRun(*b)), *json);
            return ExitCode::kDone;
          }};
}

}  // namespace

Command AddRuns(CLI::App& app) {
  CLI::App* runs =
      app.add_subcommand("runs", "List the runs of a folder; compare two (diff), delete some (rm)");
  runs->require_subcommand(0, 1);
  const auto folder = std::make_shared<std::string>("runs");
  TakesPath(runs->add_option("DIR", *folder, "Folder that the runs are in"))->capture_default_str();
  const auto json = std::make_shared<bool>(false);
  runs->add_flag("--json", *json, "One JSON object on standard output");
  const Command remove = AddRunsRemove(*runs), diff = AddRunsDiff(*runs);
  return {runs, [folder, json, remove, diff](StopSignals& signals) {
            if (remove.app->parsed()) return remove.run(signals);
            if (diff.app->parsed()) return diff.run(signals);
            return ShowRuns(*folder, *json, std::cout);
          }};
}

}  // namespace flowtrain
