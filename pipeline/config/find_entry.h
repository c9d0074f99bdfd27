// The entry of a map, with its key's place.
#pragma once

#include <string_view>
#include <utility>

#include "pipeline/config/value.h"

namespace flowtrain {

// nullptr where the map has no such key.
inline const Entry* FindEntry(const Value& map, std::string_view key) {
  for (const Entry& entry : map.entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

inline Entry* FindEntry(Value& map, std::string_view key) {
  return const_cast<Entry*>(FindEntry(std::as_const(map), key));
}

}  // namespace flowtrain
