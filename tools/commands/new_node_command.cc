// `flowtrain new-node`: the files of a node that is built outside the program.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "pipeline/base/error.h"
#include "pipeline/base/files/new_file.h"
#include "pipeline/base/files/read_file.h"
#include "pipeline/base/text/snake_case.h"
#include "pipeline/node/registry.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/load/find_file.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

bool IsUpper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }

void CheckName(const std::string& name) {
  const bool is_word = std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
  });
  if (name.empty() || !is_word || !IsUpper(name[0])) {
    throw ConfigError("NAME is that of a C++ class, such as InvertColours, not '" + name + "'");
  }
  if (Registry::Global().Find(name) != nullptr) {
    throw ConfigError("there is a type " + name + " already (flowtrain nodes " + name + ")");
  }
}

std::string Replaced(std::string text, const std::string& what, const std::string& by) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

std::string Template(const fs::path& path) {
  constexpr size_t kMostBytes = size_t{1} << 20;
  std::string text, why;
  if (!ReadWholeFile(path, kMostBytes, text, &why)) {
    throw ConfigError(
        path.string() + ": " + why +
        "; a bundle or a wheel has no templates and headers: install flowtrain from source "
        "(cmake --install)");
  }
  return text;
}

ExitCode NewNode(const std::string& name, std::string folder, std::ostream& out) {
  CheckName(name);
  const std::string snake = SnakeCase(name);
  if (folder.empty()) folder = snake;
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
    throw ConfigError(folder + " is there already: name another folder with --to");
  }
  const fs::path templates = fs::path(ShippedFolder()) / "tools/new_node";
  const std::array<std::pair<const char*, std::string>, 4> files = {{
      {"CMakeLists.txt.in", "CMakeLists.txt"},
      {"node.cc.in", snake + ".cc"},
      {"node_test.cc.in", snake + "_test.cc"},
      {"graph.yaml.in", "graph.yaml"},
  }};
  fs::create_directories(folder, error);
  if (error) throw ConfigError(folder + " cannot be made: " + error.message());
  for (const auto& [from, to] : files) {
    const std::string text = Replaced(Template(templates / from), "@Name@", name);
    WriteNewFile((fs::path(folder) / to).string(),
                 std::string_view(Replaced(text, "@name@", snake)));
    out << "written: " << (fs::path(folder) / to).string() << '\n';
  }
  const std::string build = (fs::path(folder) / "build").string();
  out << "\nBuild it, test it and train with it:\n"
      << "  cmake -S " << folder << " -B " << build << " && cmake --build " << build << '\n'
      << "  ctest --test-dir " << build << '\n'
      << "  flowtrain " << (fs::path(folder) / "graph.yaml").string() << '\n';
  return ExitCode::kDone;
}

}  // namespace

Command AddNewNode(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "new-node", "Write the files of a node of your own: source, test, build, graph");
  const auto name = std::make_shared<std::string>(), folder = std::make_shared<std::string>();
  command->add_option("NAME", *name, "Name of the type, e.g. InvertColours")->required();
  TakesPath(
      command->add_option("--to", *folder, "Folder for them; without it one of the node's name"))
      ->type_name("DIR");
  return {command, [name, folder](StopSignals&) { return NewNode(*name, *folder, std::cout); }};
}

}  // namespace flowtrain
