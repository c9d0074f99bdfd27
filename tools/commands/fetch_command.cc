// `flowtrain fetch`: a public data set, ready to train on.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "pipeline/base/error.h"
#include "pipeline/base/text/shell_word.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/fetch/archive.h"
#include "tools/fetch/fetch.h"

namespace flowtrain {
namespace {

struct FetchRequest {
  std::string name, parent = "data", url;
};

// The command that trains on the folder; STL-10 is looked for in data without being told.
std::string TrainingCommand(const FetchRequest& request, const std::string& folder) {
  std::string command = "flowtrain graphs/simclr.yaml";
  if (request.name != "stl10") command += " --config configs/cifar10_config.yaml";
  if (request.name == "stl10" && request.parent == "data") return command;
  return command + " --set data.root=" + ShellWord(folder);
}

ExitCode FetchNamed(const FetchRequest& request, std::ostream& out) {
  const Archive* archive = FindArchive(request.name);
  if (archive == nullptr) {
    throw ConfigError("there is no data set '" + request.name + "' to fetch: stl10 or cifar10");
  }
  const std::string url = request.url.empty() ? archive->url : request.url;
  if (!url.starts_with("http://") && !url.starts_with("https://")) {
    throw ConfigError(
        "--url is the archive's address, which begins with http:// or https://, not '" + url + "'");
  }
  const std::string folder = std::filesystem::path(request.parent) / archive->folder;
  const bool fetched = Fetch(*archive, url, request.parent);
  out << archive->title << (fetched ? " is in " : " is there already, and whole: ") << folder
      << '\n';
  out << "Train on it:\n  " << TrainingCommand(request, folder) << '\n';
  return ExitCode::kDone;
}

}  // namespace

Command AddFetch(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("fetch", "Download a public data set, check it and unpack it");
  const auto request = std::make_shared<FetchRequest>();
  command->add_option("NAME", request->name, "stl10 (2.5 GiB) or cifar10 (162 MiB)")->required();
  TakesPath(command->add_option("--to", request->parent,
                                "Folder to unpack it in; without it data, where it is looked for"))
      ->type_name("DIR");
  command->add_option("--url", request->url, "Address of the same archive on another server")
      ->type_name("URL");
  return {command, [request](StopSignals&) { return FetchNamed(*request, std::cout); }};
}

}  // namespace flowtrain
