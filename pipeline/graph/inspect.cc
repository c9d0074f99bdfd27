#include "pipeline/graph/inspect.h"

#include <map>

#include "pipeline/base/text/text_table.h"
#include "pipeline/graph/describe.h"

namespace flowtrain {
namespace {

std::string Threads(const NodeDef& node, const NodeSpec& spec) {
  switch (internal::RunsOnOf(spec)) {
    case internal::RunsOn::kWorkers:
      return node.workers == 1 ? "1 worker" : std::to_string(node.workers) + " workers";
    case internal::RunsOn::kLane:
      return "device lane";
    case internal::RunsOn::kOneAtATime:
      return "one at a time";
  }
  return "?";
}

std::string Streams(const std::vector<PortDef>& ports, const std::vector<NodeSpec::Port>& kinds) {
  std::string text;
  for (size_t i = 0; i < ports.size(); ++i) {
    text += (text.empty() ? "" : ", ") + ports[i].stream + " (" + ToString(kinds[i].stream) + ')';
  }
  return text;
}

std::string Nodes(const GraphDef& graph, const Registry& registry) {
  TextTable table;
  table.Add({"node", "type", "runs on", "in -> out"});
  for (const NodeDef& node : graph.nodes) {
    const NodeSpec& spec = registry.Find(node.type)->spec;
    std::string flow = Streams(node.in, spec.inputs);
    if (!node.out.empty())
      flow += (flow.empty() ? "-> " : " -> ") + Streams(node.out, spec.outputs);
    table.Add({node.name, node.type, Threads(node, spec), flow});
  }
  return table.ToString("");
}

// "device, forward_backward" of those that use `resource`.
std::string Users(const GraphDef& graph, const std::string& resource) {
  std::string users;
  const auto add = [&](const ComponentDef& def) {
    for (const UseDef& use : def.uses) {
      if (use.resource == resource) users += (users.empty() ? "" : ", ") + def.name;
    }
  };
  for (const ComponentDef& def : graph.resources) add(def);
  for (const NodeDef& def : graph.nodes) add(def);
  return users.empty() ? "-" : users;
}

std::string Resources(const GraphDef& graph) {
  if (graph.resources.empty()) return {};
  TextTable table;
  table.Add({"resource", "type", "used by"});
  for (const ComponentDef& def : graph.resources) {
    table.Add({def.name, def.type, Users(graph, def.name)});
  }
  return '\n' + table.ToString("");
}

std::string Pools(const GraphDef& graph) {
  TextTable table;
  table.Add({"pool", "slots"});
  table.Add({"samples", graph.sample_slots > 0 ? std::to_string(graph.sample_slots)
                                               : "4 per worker, at least 16"});
  table.Add({"batches", std::to_string(graph.batch_slots)});
  return '\n' + table.ToString("");
}

// Options that the graph gives; the others have their defaults.
std::string Options(const GraphDef& graph) {
  TextTable table;
  table.Add({"option", "value"});
  const auto add = [&](const ComponentDef& def) {
    for (const Entry& option : def.options) {
      table.Add({def.name + '.' + option.key, option.value.ToString()});
    }
  };
  for (const ComponentDef& def : graph.resources) add(def);
  for (const NodeDef& def : graph.nodes) add(def);
  return '\n' + table.ToString("");
}

std::string DotQuoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string DotLabel(const std::string& name, const std::string& type, const std::string& more) {
  std::string label = DotQuoted(name + '\n' + type + (more.empty() ? "" : '\n' + more));
  for (size_t at = label.find('\n'); at != std::string::npos; at = label.find('\n', at)) {
    label.replace(at, 1, "\\n");
  }
  return "[label=" + label;
}

std::string DotUses(const ComponentDef& def) {
  std::string text;
  for (const UseDef& use : def.uses) {
    text += "  " + DotQuoted(use.resource) + " -> " + DotQuoted(def.name) + " [style=dotted];\n";
  }
  return text;
}

}  // namespace

std::string InspectGraph(const GraphDef& graph, const Registry& registry) {
  const std::string threads =
      graph.workers == 1 ? "1 worker thread" : std::to_string(graph.workers) + " worker threads";
  return "graph " + graph.name + ": " + threads + " and the device lane\n\n" +
         Nodes(graph, registry) + Resources(graph) + Pools(graph) + Options(graph);
}

std::string InspectDot(const GraphDef& graph, const Registry& registry) {
  std::string text =
      "digraph " + DotQuoted(graph.name) + " {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const ComponentDef& def : graph.resources) {
    text += "  " + DotQuoted(def.name) + ' ' + DotLabel(def.name, def.type, "") +
            ", shape=ellipse];\n" + DotUses(def);
  }
  std::map<std::string, std::string> makers;  // of each stream
  for (const NodeDef& def : graph.nodes) {
    const std::string threads = Threads(def, registry.Find(def.type)->spec);
    text += "  " + DotQuoted(def.name) + ' ' + DotLabel(def.name, def.type, threads) + "];\n" +
            DotUses(def);
    for (const PortDef& out : def.out) makers[out.stream] = def.name;
  }
  for (const NodeDef& def : graph.nodes) {
    for (const PortDef& in : def.in) {
      text += "  " + DotQuoted(makers[in.stream]) + " -> " + DotQuoted(def.name) +
              " [label=" + DotQuoted(in.stream) + "];\n";
    }
  }
  return text + "}\n";
}

}  // namespace flowtrain
