#include "tools/load/parameter_paths.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "nodes/data/tar_shards.h"
#include "nodes/web/web_place.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/expand_path.h"
#include "pipeline/config/put_parameter.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

struct PathParameter {
  const char* key;
  bool to_read;  // otherwise the run writes there
};
constexpr std::array kPathParameters = {
    PathParameter{"data.root", true},       PathParameter{"data.cache_file", true},
    PathParameter{"data.cache_dir", false}, PathParameter{"checkpoint", true},
    PathParameter{"model.init", true},      PathParameter{"run.resume", true},
    PathParameter{"run.dir", false},        PathParameter{"run.path", false}};

// Also true for what may not be looked at, which is then reported where it is opened.
// Of a pattern for tar files, the first is looked at.
bool Exists(const fs::path& path) {
  struct stat status {};
  const std::string first = IsTarPattern(path) ? ExpandBraces(path).front() : path.string();
  return stat(first.c_str(), &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

std::string Expand(const std::string& key, const Value& value) {
  try {
    return ExpandPath(value.scalar);
  } catch (const ConfigError& error) {
    throw ConfigError({Diagnostic{value.at, key + ": " + error.what()}});
  }
}

// Whether a path of this place can be relative to it: not one given on the command line.
bool IsOfFile(const Position& at) { return at.line > 0; }

void Resolve(const PathParameter& parameter, bool is_default, Config& config,
             std::vector<std::string>* told) {
  const Value* value = config.Find(parameter.key);
  if (value == nullptr || value->kind != Value::Kind::kScalar || value->scalar.empty()) return;
  Value resolved = *value;
  resolved.scalar = Expand(parameter.key, *value);
  if (parameter.to_read && IsOfFile(value->at) && fs::path(resolved.scalar).is_relative() &&
      !IsWebAddress(resolved.scalar)) {
    const fs::path folder = fs::absolute(value->at.file).parent_path();
    const std::string beside = (folder / resolved.scalar).lexically_normal();
    const std::string what = std::string(parameter.key) + " (" + value->at.ToString() + "): ";
    if (Exists(beside)) {
      told->push_back(what + resolved.scalar + " is relative to that file: " + beside);
      resolved.scalar = beside;
    } else if (!is_default) {
      told->push_back(what + "there is no " + beside + ", so " + resolved.scalar +
                      " is relative to the working directory: " +
                      fs::absolute(resolved.scalar).lexically_normal().string());
    }
  }
  if (resolved.scalar == value->scalar) return;
  resolved.quoted = true;  // text, whatever it looks like
  PutParameter(config, parameter.key, std::move(resolved));
}

}  // namespace

void ResolvePaths(const std::string& file, Config& config, std::vector<std::string>* told) {
  for (const PathParameter& parameter : kPathParameters) {
    const Value* value = config.Find(parameter.key);
    if (value != nullptr && value->at.file == file) Resolve(parameter, false, config, told);
  }
}

void ResolveDefaultPaths(Config& config, std::vector<std::string>* told) {
  std::vector<std::string> keys;
  keys.reserve(kPathParameters.size());
  for (const PathParameter& parameter : kPathParameters) keys.emplace_back(parameter.key);
  config.NamePaths(std::move(keys));
  for (const PathParameter& parameter : kPathParameters) Resolve(parameter, true, config, told);
}

Config WithPathsEscaped(Config config) {
  for (const PathParameter& parameter : kPathParameters) {
    const Value* value = config.Find(parameter.key);
    if (value == nullptr || value->kind != Value::Kind::kScalar) continue;
    Value escaped = *value;
    escaped.scalar = EscapePath(value->scalar);
    if (escaped.scalar != value->scalar) {
      PutParameter(config, parameter.key, std::move(escaped));
    }
  }
  return config;
}

}  // namespace flowtrain
