// What the tests of the text side share: the findings of a ConfigError, and the source folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/base/error.h"

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

inline std::filesystem::path SourceFolder() {
#ifdef FLOWTRAIN_SOURCE_DIR
  return FLOWTRAIN_SOURCE_DIR;
#else
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path().parent_path();
#endif
}

}  // namespace flowtrain
