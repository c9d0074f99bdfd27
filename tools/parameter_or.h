// A parameter of which the program itself asks before the graph has checked it.
#pragma once

#include <utility>

#include "pipeline/config.h"

namespace flowtrain {

// The parameter, or `fallback` where there is none of that type: LoadGraph is the one that
// complains.
template <typename T>
T ParameterOrElse(const Config& config, const char* key, T fallback) {
  const Value* value = config.Find(key);
  T read{};
  return value != nullptr && Read(*value, read) ? read : std::move(fallback);
}

}  // namespace flowtrain
