// The parameters of a run, put together from layers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/config/value.h"

namespace flowtrain {

// Parameters under dotted keys ("data.batch_size"). Layers, of which later ones override earlier
// ones: the graph's default file, its own `parameters`, overlay files, `--set`. Lists are replaced
// as a whole.
//
// What is wrong with a layer is not thrown when it is added: Problems (and so LoadGraph) reports
// everything at once, since only the graph knows every key that has a meaning.
class Config {
 public:
  Config() = default;
  // Reads the default file, whose keys are the known ones. An empty path: no defaults, and the
  // known keys are those the graph refers to. Throws ConfigError for a file that cannot be read.
  explicit Config(const std::string& default_path);
  // The same from a value already read.
  explicit Config(Value defaults);

  // Overrides parameters with those of a map. A key may itself be dotted.
  void Overlay(const Value& map);
  // Throws ConfigError for a file that cannot be read.
  void OverlayFile(const std::string& path);
  // `text` is "key=value". A value that begins with '[', '{' or a quote is YAML: a list, a map, text
  // in quotes. Any other is taken as it is, "#" and ": " included, and an empty one is empty text.
  // Positions name "--set". Throws ConfigError without a key or for a value that is not YAML.
  void Set(const std::string& text);

  // The parameter under a dotted key, a group of them as a map, or nullptr.
  const Value* Find(std::string_view key) const;
  // Every parameter's dotted key, in the order of the files.
  std::vector<std::string> Keys() const;
  // The resolved parameters as YAML, which `--config` takes back; all but the dotted keys `without`.
  std::string ToYaml(const std::vector<std::string>& without = {}) const;

  // For the program's own parameters. Throws ConfigError where the key is missing or its value is
  // not a T.
  template <typename T>
  T Get(std::string_view key) const {
    T out{};
    const Value* value = Find(key);
    if (value == nullptr) ThrowMissing(key);
    if (!Read(*value, out)) ThrowWrongType(key, *value, TypeNameOf(out));
    return out;
  }

  // The same before the graph has checked the parameters: `fallback` where the key is missing or
  // its value is not a T, which LoadGraph reports.
  template <typename T>
  T GetOr(std::string_view key, T fallback) const {
    const Value* value = Find(key);
    T out{};
    return value != nullptr && Read(*value, out) ? out : std::move(fallback);
  }

  // Findings: keys of a layer that neither the default file nor `referenced` (dotted keys that the
  // graph reads) knows, or that it gives twice; values where a group of parameters belongs, groups
  // where a value belongs.
  // In `sections`, which the graph passes on whole, `referenced` alone says which keys have a
  // meaning: a key of the default file that no component takes would be lost silently. But the keys
  // `laid_over`, which the graph itself overrides, may be in the default file.
  std::vector<Diagnostic> Problems(const std::vector<std::string>& referenced,
                                   const std::vector<std::string>& sections = {},
                                   const std::vector<std::string>& laid_over = {}) const;
  // In these parameters `${NAME}` is a variable of the environment, which the program replaces, and
  // no reference, which Problems would find.
  void NamePaths(std::vector<std::string> keys) { paths_ = std::move(keys); }
  // Throws ConfigError when there are any findings.
  void Check(const std::vector<std::string>& referenced) const;
  // "; did you mean 'data.batch_size'?" or an empty string.
  std::string Suggest(std::string_view key) const;

 private:
  [[noreturn]] static void ThrowMissing(std::string_view key);
  [[noreturn]] static void ThrowWrongType(std::string_view key, const Value& value,
                                          const char* type);
  static const char* TypeNameOf(bool) { return "true or false"; }
  static const char* TypeNameOf(int) { return "an integer"; }
  static const char* TypeNameOf(int64_t) { return "an integer"; }
  static const char* TypeNameOf(double) { return "a number"; }
  static const char* TypeNameOf(const std::string&) { return "text"; }
  static const char* TypeNameOf(const std::vector<std::string>&) { return "a list of names"; }

  void Put(const Value& map);

  std::vector<std::string> default_keys_, paths_;
  std::vector<Diagnostic> duplicates_;
  std::vector<Value> layers_;  // as they were given, dotted keys split; the default file first
  Value merged_;
};

}  // namespace flowtrain
