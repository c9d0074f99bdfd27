// Node types in a library of their own, outside the program: what such a plug-in exports.
#pragma once

#include <vector>

namespace flowtrain {

class Registry;

// A plug-in exports one of these as `flowtrain_plugin`. The program calls `add` only where `abi` is
// its own FLOWTRAIN_ABI: nothing else of a library that was built against other headers is safe.
struct PluginInfo {
  const char* abi;
  void (*add)(Registry& registry);
};

namespace internal {

struct PluginType {
  const char* name;
  void (*add)(Registry& registry, const char* name);
};

// The types of one plug-in. Hidden: otherwise all plug-ins would share one list.
[[gnu::visibility("hidden")]] inline std::vector<PluginType>& PluginTypes() {
  static std::vector<PluginType> types;
  return types;
}

[[gnu::visibility("hidden")]] inline bool NotePluginType(const char* name,
                                                         void (*add)(Registry&, const char*)) {
  PluginTypes().push_back({name, add});
  return true;
}

}  // namespace internal
}  // namespace flowtrain
