#include "pipeline/graph/subgraph.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "pipeline/base/text/suggest.h"
#include "pipeline/config/find_entry.h"
#include "pipeline/config/problems.h"

namespace flowtrain::internal {
namespace {

std::vector<std::string> StreamsUnder(const Value& map, std::string_view key) {
  std::vector<std::string> names;
  const Value* value = map.Find(key);
  if (value == nullptr) return names;
  if (!Read(*value, names)) {
    ThrowConfigError(value->at, std::string(key) + ": " + WrongType(*value, "a list of streams"));
  }
  return names;
}

// Pairs the streams that a part has under `key` with those of the node that stands for it.
void MatchStreams(const Entry& node, const Value& part, const char* key,
                  std::map<std::string, std::string>& outer) {
  const std::vector<std::string> inside = StreamsUnder(part, key);
  const std::vector<std::string> outside = StreamsUnder(node.value, key);
  if (inside.size() != outside.size()) {
    ThrowConfigError(node.at, "node " + Quoted(node.key) + " has " +
                                  std::to_string(outside.size()) + " under `" + key +
                                  "`, and its graph " + part.at.file + ' ' +
                                  std::to_string(inside.size()) +
                                  (inside.empty() ? "" : ": " + JoinNames(inside)));
  }
  for (size_t i = 0; i < inside.size(); ++i) outer[inside[i]] = outside[i];
}

// The nodes of one part, under their new names.
class Part {
 public:
  Part(const Entry& node, Value& graph) : prefix_(node.key + '.') {
    MatchStreams(node, graph, "in", outer_);
    MatchStreams(node, graph, "out", outer_);
  }

  std::vector<Entry> Nodes(Value& nodes) const {
    for (Entry& node : nodes.entries) {
      node.key = prefix_ + node.key;
      for (const char* key : {"in", "out"}) {
        if (Entry* streams = FindEntry(node.value, key)) Rename(streams->value);
      }
    }
    return std::move(nodes.entries);
  }

 private:
  void Rename(Value& streams) const {
    for (Value& item : streams.items) Rename(item);
    if (streams.kind != Value::Kind::kScalar) return;
    const auto found = outer_.find(streams.scalar);
    streams.scalar = found == outer_.end() ? prefix_ + streams.scalar : found->second;
  }

  const std::string prefix_;
  std::map<std::string, std::string> outer_;  // of a stream of the part's own
};

void AddResources(Value& graph, Value& part) {
  Entry* added = FindEntry(part, "resources");
  if (added == nullptr || added->value.kind != Value::Kind::kMap) return;
  Entry* there = FindEntry(graph, "resources");
  if (there == nullptr) {
    graph.entries.push_back(std::move(*added));
    return;
  }
  for (Entry& resource : added->value.entries) {
    if (FindEntry(there->value, resource.key) == nullptr) {
      there->value.entries.push_back(std::move(resource));
    }
  }
}

// Of a node that stands for a part.
void CheckKeysOfNode(const Entry& node) {
  Problems problems;
  CheckKeys(node.value, {"graph", "in", "out"},
            "of node " + Quoted(node.key) + ", which is a graph", problems);
  problems.ThrowIfAny();
}

void CheckKeysOfPart(const Value& part) {
  Problems problems;
  CheckKeys(part, {"graph", "in", "out", "resources", "nodes"}, "of a graph that is a node",
            problems);
  problems.ThrowIfAny();
  if (const Value* nodes = part.Find("nodes"); nodes == nullptr || nodes->entries.empty()) {
    ThrowConfigError(part.at, "the graph has no nodes");
  }
}

}  // namespace

void ExpandParts(GraphFile& file, const std::function<GraphFile(const Value& name)>& read) {
  Entry* nodes = FindEntry(file.graph, "nodes");
  if (nodes == nullptr || nodes->value.kind != Value::Kind::kMap) return;
  std::vector<Entry> all;
  std::vector<Value> resources;
  for (Entry& node : nodes->value.entries) {
    const Value* name = node.value.Find("graph");
    if (name == nullptr) {
      all.push_back(std::move(node));
      continue;
    }
    CheckKeysOfNode(node);
    GraphFile part = read(*name);
    CheckKeysOfPart(part.graph);
    for (Entry& inner : Part(node, part.graph).Nodes(FindEntry(part.graph, "nodes")->value)) {
      all.push_back(std::move(inner));
    }
    resources.push_back(std::move(part.graph));
    file.parameters.insert(file.parameters.begin(), part.parameters.begin(), part.parameters.end());
    file.plugins.insert(file.plugins.end(), part.plugins.begin(), part.plugins.end());
  }
  nodes->value.entries = std::move(all);
  for (Value& part : resources) AddResources(file.graph, part);
}

}  // namespace flowtrain::internal
