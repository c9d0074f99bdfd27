#pragma once

#include "pipeline/runtime/graph.h"

namespace flowtrain {

// The graph's only component of type T; nullptr if it has none.
template <typename T>
T* FindComponent(const Graph& graph) {
  for (const ComponentDef& def : graph.def().resources) {
    if (auto* found = dynamic_cast<T*>(graph.Find(def.name))) return found;
  }
  for (const NodeDef& def : graph.def().nodes) {
    if (auto* found = dynamic_cast<T*>(graph.Find(def.name))) return found;
  }
  return nullptr;
}

}  // namespace flowtrain
