#include "pipeline/graph/describe.h"

#include <cctype>
#include <sstream>

#include "pipeline/base/text/first_line.h"
#include "pipeline/base/text/text_table.h"
#include "pipeline/graph/inspect.h"

namespace flowtrain {
namespace internal {

using Kind = NodeSpec::Kind;

const char* KindName(Kind kind) {
  switch (kind) {
    case Kind::kResource:
      return "resource";
    case Kind::kSource:
      return "source";
    case Kind::kSample:
      return "sample node";
    case Kind::kCollate:
      return "stage node";
    case Kind::kWindow:
      return "window node";
    case Kind::kStep:
      return "step node";
  }
  return "?";
}

RunsOn RunsOnOf(const NodeSpec& spec) {
  if (spec.on_lane || spec.kind == Kind::kCollate || spec.kind == Kind::kWindow) {
    return RunsOn::kLane;
  }
  return spec.kind == Kind::kStep || spec.serial ? RunsOn::kOneAtATime : RunsOn::kWorkers;
}

}  // namespace internal

namespace {

using Kind = NodeSpec::Kind;

std::string Indented(const std::string& text) {
  TextTable lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.Add({line});
  return lines.ToString("  ");
}

const char* PlaceText(const NodeSpec& spec) {
  switch (internal::RunsOnOf(spec)) {
    case internal::RunsOn::kWorkers:
      return "worker threads, as many as `workers` says";
    case internal::RunsOn::kLane:
      return "the device lane";
    case internal::RunsOn::kOneAtATime:
      return "one worker thread at a time";
  }
  return "?";
}

std::string Ports(const NodeSpec& spec) {
  TextTable table;
  for (const NodeSpec::Port& port : spec.inputs) {
    table.Add({"in", port.name, ToString(port.stream)});
  }
  for (const NodeSpec::Port& port : spec.outputs) {
    table.Add({"out", port.name, ToString(port.stream)});
  }
  for (const NodeSpec::Use& use : spec.uses) {
    table.Add({"uses", use.name, use.type + (use.optional ? ", where the graph has it" : "")});
  }
  return table.ToString("  ");
}

std::string Options(const NodeSpec& spec) {
  if (spec.options.empty()) return {};
  TextTable table;
  table.Add({"option", "default", "type", "bound", ""});
  for (const OptionSpec& option : spec.options) {
    table.Add({option.name, option.required ? "(required)" : option.default_text, option.type,
               option.bound.empty() ? "-" : option.bound, option.doc});
  }
  return '\n' + table.ToString("  ");
}

// "dual_view_augment" for DualViewAugment.
std::string SnakeCase(const std::string& type) {
  std::string name;
  for (const char c : type) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isupper(byte) != 0 && !name.empty()) name += '_';
    name += static_cast<char>(std::tolower(byte));
  }
  return name;
}

// `in: images` or `in: [a, b]`; nothing without ports.
std::string ExamplePorts(const char* key, const std::vector<NodeSpec::Port>& ports) {
  if (ports.empty()) return {};
  std::string names;
  for (const NodeSpec::Port& port : ports) names += (names.empty() ? "" : ", ") + port.name;
  if (ports.size() > 1) names = '[' + names + ']';
  return std::string("    ") + key + ": " + names + '\n';
}

std::string Example(const NodeSpec& spec) {
  const bool resource = spec.kind == Kind::kResource;
  std::string text = std::string("\nExample\n") + (resource ? "resources:\n" : "nodes:\n");
  text += "  " + SnakeCase(spec.type) + ":\n    type: " + spec.type + '\n';
  text += ExamplePorts("in", spec.inputs) + ExamplePorts("out", spec.outputs);
  if (!resource && internal::RunsOnOf(spec) == internal::RunsOn::kWorkers)
    text += "    workers: 2\n";
  if (!spec.options.empty()) text += "    options:\n";
  for (const OptionSpec& option : spec.options) {
    const std::string value = option.required ? "${" + option.name + '}' : option.default_text;
    text += "      " + option.name + ": " + value + '\n';
  }
  return text;
}

}  // namespace

std::string DescribeTypes(const Registry& registry) {
  std::string text;
  TextTable table;
  for (const Kind kind : {Kind::kSource, Kind::kSample, Kind::kCollate, Kind::kWindow, Kind::kStep,
                          Kind::kResource}) {
    for (const auto& [name, type] : registry.types()) {
      if (type.spec.kind != kind) continue;
      table.Add({name, internal::KindName(kind), FirstLine(type.spec.doc)});
    }
  }
  return table.ToString("");
}

std::string DescribeType(const Registry::Type& type) {
  const NodeSpec& spec = type.spec;
  std::string text = spec.type + ": " + internal::KindName(spec.kind);
  if (spec.kind != Kind::kResource) text += std::string(", runs on ") + PlaceText(spec);
  text += '\n' + Indented(spec.doc);
  const std::string ports = Ports(spec);
  if (!ports.empty()) text += '\n' + ports;
  return text + Options(spec) + Example(spec);
}

}  // namespace flowtrain
