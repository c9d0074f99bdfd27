// Collects findings for one ConfigError.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/config/value.h"

namespace flowtrain::internal {

class Problems {
 public:
  void Add(Position at, std::string message);
  void Add(std::vector<Diagnostic> diagnostics);
  // A value that does not fit: "data.batch_size: must be at least 1, not 0". The key is that of the
  // parameter, or `key` for a value that the graph gives itself. A parameter that several
  // components refuse is one finding.
  void AddWrong(const Value& value, const std::string& key, const std::string& wrong);
  bool empty() const { return diagnostics_.empty(); }
  // Throws ConfigError with all of them, by file and place, each once; returns when there are none.
  void ThrowIfAny();

 private:
  std::vector<Diagnostic> diagnostics_;
  std::set<std::string> wrong_;  // parameters, with their places
};

// Throws ConfigError with one finding.
[[noreturn]] void ThrowConfigError(Position at, std::string message);

// The text in apostrophes, for a message; of a very long one only the beginning.
std::string Quoted(std::string_view text);

// What is wrong with a value that is not of the type `wanted`, "an integer >= 1": "'six' is not an
// integer >= 1", "no value is given; it takes an integer >= 1".
std::string WrongType(const Value& value, const std::string& wanted);

// Adds a finding for each key of `map` that is not `known`. `owner` ends the message: "of a node".
void CheckKeys(const Value& map, const std::vector<std::string>& known, std::string_view owner,
               Problems& problems);

}  // namespace flowtrain::internal
