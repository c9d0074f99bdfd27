#include "tools/describe.h"

#include <algorithm>
#include <map>
#include <vector>

namespace flowtrain {
namespace {

const char* KindName(NodeSpec::Kind kind) {
  switch (kind) {
    case NodeSpec::Kind::kResource:
      return "resource";
    case NodeSpec::Kind::kSource:
      return "source";
    case NodeSpec::Kind::kSample:
      return "sample node";
    case NodeSpec::Kind::kCollate:
      return "stage node";
    case NodeSpec::Kind::kWindow:
      return "window node";
    case NodeSpec::Kind::kStep:
      return "step node";
  }
  return "";
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string Padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

bool IsManyThreaded(const NodeSpec& spec) {
  return spec.kind == NodeSpec::Kind::kSource || spec.kind == NodeSpec::Kind::kSample;
}

// "6 workers", "device lane" or "one at a time".
std::string Threads(const NodeDef& node, const NodeSpec& spec) {
  if (IsManyThreaded(spec)) {
    return std::to_string(node.workers) + (node.workers == 1 ? " worker" : " workers");
  }
  const bool lane =
      spec.on_lane || spec.kind == NodeSpec::Kind::kCollate || spec.kind == NodeSpec::Kind::kWindow;
  return lane ? "device lane" : "one at a time";
}

void AddOptions(const ComponentDef& def, std::string& text) {
  for (const Entry& option : def.options) {
    text += "      " + option.key + ": " + option.value.ToString() + '\n';
  }
}

void AddUses(const ComponentDef& def, std::string& text) {
  if (def.uses.empty()) return;
  text += "      uses ";
  for (size_t i = 0; i < def.uses.size(); ++i) {
    text += (i == 0 ? "" : ", ") + def.uses[i].resource;
  }
  text += '\n';
}

std::string Streams(const std::vector<PortDef>& ports) {
  std::string text;
  for (const PortDef& port : ports) text += (text.empty() ? "" : ", ") + port.stream;
  return text;
}

const NodeSpec& SpecOf(const ComponentDef& def, const Registry& registry) {
  return registry.Find(def.type)->spec;
}

}  // namespace

std::string GraphAsText(const GraphDef& def, const Registry& registry) {
  std::string text = "graph " + def.name + ": " + std::to_string(def.workers) +
                     " worker threads, " + std::to_string(def.batch_slots) + " batch buffers, " +
                     (def.sample_slots > 0 ? std::to_string(def.sample_slots) : "automatic") +
                     " sample slots\n";
  text += "\nresources\n";
  for (const ComponentDef& resource : def.resources) {
    text += "  " + resource.name + " (" + resource.type + ")\n";
    AddUses(resource, text);
    AddOptions(resource, text);
  }
  text += "\nnodes, in the order of the flow\n";
  for (const NodeDef& node : def.nodes) {
    text += "  ";
    if (!node.in.empty()) text += Streams(node.in) + " --> ";
    text += node.name + " (" + node.type + ", " + Threads(node, SpecOf(node, registry)) + ')';
    if (!node.out.empty()) text += " --> " + Streams(node.out);
    text += '\n';
    AddUses(node, text);
    AddOptions(node, text);
  }
  return text;
}

std::string GraphAsDot(const GraphDef& def, const Registry& registry) {
  std::string text = "digraph \"" + def.name + "\" {\n  rankdir=LR;\n  node [shape=box];\n";
  for (const ComponentDef& resource : def.resources) {
    text += "  \"" + resource.name + "\" [shape=ellipse, label=\"" + resource.name + "\\n" +
            resource.type + "\"];\n";
    for (const UseDef& use : resource.uses) {
      text += "  \"" + use.resource + "\" -> \"" + resource.name + "\" [style=dotted];\n";
    }
  }
  for (const NodeDef& node : def.nodes) {
    text += "  \"" + node.name + "\" [label=\"" + node.name + "\\n" + node.type + "\\n" +
            Threads(node, SpecOf(node, registry)) + "\"];\n";
    for (const UseDef& use : node.uses) {
      text += "  \"" + use.resource + "\" -> \"" + node.name + "\" [style=dotted];\n";
    }
  }
  std::map<std::string, std::string> maker;  // of each stream
  for (const NodeDef& node : def.nodes) {
    for (const PortDef& out : node.out) maker[out.stream] = node.name;
  }
  for (const NodeDef& node : def.nodes) {
    for (const PortDef& in : node.in) {
      text += "  \"" + maker[in.stream] + "\" -> \"" + node.name + "\" [label=\"" + in.stream +
              "\"];\n";
    }
  }
  return text + "}\n";
}

std::string TypeAsText(const NodeSpec& spec) {
  std::string text = spec.type + " (" + KindName(spec.kind) +
                     (spec.on_lane ? ", on the device lane" : "") + ")\n  " + spec.doc + '\n';
  for (const NodeSpec::Port& port : spec.inputs) {
    text += "  in   " + port.name + " (" + ToString(port.stream) + ")\n";
  }
  for (const NodeSpec::Port& port : spec.outputs) {
    text += "  out  " + port.name + " (" + ToString(port.stream) + ")\n";
  }
  for (const NodeSpec::Use& use : spec.uses) {
    text +=
        "  uses " + use.name + " (" + use.type + (use.optional ? ", where there is one)\n" : ")\n");
  }
  if (!spec.options.empty()) text += "  options\n";
  for (const OptionSpec& option : spec.options) {
    text += "    " + option.name + ": " + option.type;
    if (!option.bound.empty()) text += ", " + option.bound;
    text += option.required ? "; must be given" : "; " + option.default_text + " by default";
    text += "\n        " + option.doc + '\n';
  }
  return text;
}

std::string TypesAsText(const Registry& registry) {
  size_t width = 0;
  for (const auto& [name, type] : registry.types()) width = std::max(width, name.size());
  std::string text;
  for (const auto& [name, type] : registry.types()) {
    text += Padded(name, width) + "  " + Padded(KindName(type.spec.kind), 11) + "  " +
            FirstLine(type.spec.doc) + '\n';
  }
  return text;
}

}  // namespace flowtrain
