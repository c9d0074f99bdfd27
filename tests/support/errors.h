// What was thrown, as text.
#pragma once

#include <string>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/config/value.h"

namespace flowtrain {

// The findings that `call` throws as "file:line:column: message", or none.
template <typename Call>
std::vector<std::string> FindingsOf(const Call& call) {
  std::vector<std::string> findings;
  try {
    call();
  } catch (const ConfigError& error) {
    for (const Diagnostic& diagnostic : error.diagnostics()) {
      findings.push_back(diagnostic.ToString());
    }
  }
  return findings;
}

// The same for this text, read as f.yaml.
inline std::vector<std::string> FindingsInYaml(const std::string& text) {
  return FindingsOf([&] { ReadYaml(text, "f.yaml"); });
}

// What `call` throws as an E; empty if it throws none.
template <typename E, typename Call>
std::string MessageOf(const Call& call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  return "";
}

}  // namespace flowtrain
