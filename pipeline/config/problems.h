// Collects findings for one ConfigError.
#pragma once

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
  bool empty() const { return diagnostics_.empty(); }
  // Throws ConfigError with all of them, by file and place, each once; returns when there are none.
  void ThrowIfAny();

 private:
  std::vector<Diagnostic> diagnostics_;
};

// Throws ConfigError with one finding.
[[noreturn]] void ThrowConfigError(Position at, std::string message);

// The text in apostrophes, for a message; of a very long one only the beginning.
std::string Quoted(std::string_view text);

// Says what in a graph takes a value that does not fit: " (decode.workers)"; where the value comes
// from elsewhere, a configuration, also the place in the graph: " (decode.workers,
// graphs/simclr.yaml:91)".
std::string TakenBy(const std::string& what, const Position& graph_at, const Position& value_at);

// Adds a finding for each key of `map` that is not `known`. `owner` ends the message: "of a node".
void CheckKeys(const Value& map, const std::vector<std::string>& known, std::string_view owner,
               Problems& problems);

}  // namespace flowtrain::internal
