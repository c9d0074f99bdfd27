// A graph file as validated structs: what the builder, `inspect` and `validate` read.
#pragma once

#include <string>
#include <vector>

#include "pipeline/config/value.h"

namespace flowtrain {

// Which resource of the graph a component's `name` stands for.
struct UseDef {
  std::string name, resource;
  Position at;
};

struct ComponentDef {
  std::string name;            // key in the graph file
  std::string type;            // in the registry
  std::vector<UseDef> uses;    // complete after validation: defaults filled in
  std::vector<Entry> options;  // parameters substituted; after validation each once, as declared
  Position at;
};

struct PortDef {
  std::string stream;  // name of the stream in the graph file
  Position at;
};

struct NodeDef : ComponentDef {
  // In the order of the type's declaration. The last node on steps may leave `out` empty.
  std::vector<PortDef> in, out;
  int workers = 1;  // Process calls at a time
};

// How far the values that a run begins with may be raised while it runs. 0: not at all.
struct Capacity {
  int threads = 0, sample_slots = 0, batch_slots = 0;
};

struct GraphDef {
  std::string name;
  std::string file;
  int workers = 1;       // threads of the arena; where not given, the largest of the nodes' workers
  int sample_slots = 0;  // 0: four per worker, at least 16
  int batch_slots = 2;
  bool auto_workers = false;  // the run sets its worker counts itself: some are `auto`
  Capacity capacity;
  std::string host_memory;  // limit of its pools and caches, as written; empty: no limit
  std::vector<ComponentDef> resources;  // in an order in which each comes after those it uses
  std::vector<NodeDef> nodes;           // in the order of the flow, source first
};

}  // namespace flowtrain
