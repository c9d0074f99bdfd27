#include "pipeline/base/error.h"

#include <utility>

namespace flowtrain {
namespace {

std::string Join(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    if (!text.empty()) text += '\n';
    text += diagnostic.ToString();
  }
  return text;
}

}  // namespace

std::string Position::ToString() const {
  if (line == 0) return file;
  return file + ':' + std::to_string(line) + ':' + std::to_string(column);
}

std::string Diagnostic::ToString() const {
  const std::string place = at.ToString();
  return place.empty() ? message : place + ": " + message;
}

ConfigError::ConfigError(std::vector<Diagnostic> diagnostics)
    : std::runtime_error(Join(diagnostics)), diagnostics_(std::move(diagnostics)) {}

ConfigError::ConfigError(const std::string& message)
    : ConfigError(std::vector<Diagnostic>(1, Diagnostic{Position{}, message})) {}

NodeError::NodeError(const std::string& node, const std::string& packet, const std::string& cause)
    : std::runtime_error("node '" + node + "' failed" + (packet.empty() ? "" : " on " + packet) +
                         ": " + cause),
      node_(node),
      packet_(packet),
      cause_(cause) {}

}  // namespace flowtrain
