#include "tools/load/find_file.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <string_view>
#include <system_error>

#include "pipeline/base/error.h"
#include "pipeline/base/text/lower_case.h"
#include "pipeline/base/text/shell_word.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

bool IsFile(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// The graph that a name may stand for: "simclr", "simclr.yaml"; empty: none.
std::string GraphNamed(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) return {};
  for (const char* ending : {"", ".yaml"}) {
    const std::string graph = "graphs/" + name + ending;
    if (IsFile(graph) || IsFile(fs::path(ShippedFolder()) / graph)) return graph;
  }
  return {};
}

bool HasEnding(const std::string& name, std::initializer_list<std::string_view> endings) {
  const std::string ending = InLowerCase(fs::path(name).extension().string());
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

[[noreturn]] void RefuseFolderAsGraph(const std::string& name) {
  const fs::path folder = name;
  if (IsFile(folder / "config.yaml") && IsFile(folder / "metrics.jsonl")) {
    throw ConfigError(name + " is the folder of a run, not a graph; to go on with the run: " +
                      "flowtrain graphs/simclr.yaml --resume " + ShellWord(name));
  }
  throw ConfigError(name + " is a folder, not a graph; to train on the images in it: flowtrain " +
                    "graphs/simclr.yaml --set data.kind=folder --set " +
                    ShellWord("data.root=" + name));
}

}  // namespace

std::string ShippedFolder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const fs::path above = program.parent_path().parent_path();
  // bin/ beside share/; bin/ in a bundle; build/PRESET/tools/ in a checkout.
  for (const fs::path& folder :
       {above / "share/flowtrain", above, above.parent_path().parent_path()}) {
    if (IsFile(folder / "configs/stl10_config.yaml")) return folder.string();
  }
  return {};
}

std::string FindShippedFile(const std::string& name) {
  if (IsFile(name)) return name;
  std::error_code error;
  if (fs::is_directory(name, error)) throw ConfigError(name + " is a folder, not a file");
  if (fs::exists(name, error))
    throw ConfigError(name + " cannot be read: it is not a regular file");
  std::string places = "\n  " + fs::absolute(name, error).string();
  const fs::path shipped = ShippedFolder();
  if (fs::path(name).is_relative() && !shipped.empty()) {
    const std::string there = (shipped / name).string();
    if (IsFile(there)) return there;
    places += "\n  " + there;
  }
  throw ConfigError("there is no file " + name + "; looked for" + places);
}

std::string FindGraphFile(const std::string& name) {
  std::error_code error;
  if (fs::is_directory(name, error)) RefuseFolderAsGraph(name);
  if (!fs::exists(name, error)) {
    if (const std::string graph = GraphNamed(name); !graph.empty()) {
      throw ConfigError("there is no file " + name + "; did you mean " + graph + "?");
    }
    return FindShippedFile(name);
  }
  if (HasEnding(name, {".safetensors", ".pt", ".pth"})) {
    throw ConfigError(name + " holds weights and is no graph; to go on from a checkpoint: " +
                      "flowtrain graphs/simclr.yaml --resume " + ShellWord(name) +
                      "; to start from weights: --init " + ShellWord(name));
  }
  if (HasEnding(name, {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff"})) {
    throw ConfigError(name + " is an image, not a graph; to train on the images of a folder: " +
                      "flowtrain graphs/simclr.yaml --set data.kind=folder --set data.root=FOLDER");
  }
  return FindShippedFile(name);
}

std::string FindParameterFile(const std::string& name) {
  std::error_code error;
  if (fs::is_directory(name, error) && IsFile(fs::path(name) / "config.yaml")) {
    throw ConfigError(name + " is a folder; did you mean " +
                      (fs::path(name) / "config.yaml").string() + "?");
  }
  return FindShippedFile(name);
}

}  // namespace flowtrain
