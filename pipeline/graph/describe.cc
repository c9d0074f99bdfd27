#include "pipeline/graph/describe.h"

#include <sstream>

#include "pipeline/base/text/first_line.h"
#include "pipeline/base/text/snake_case.h"
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

const char* PlaceText(RunsOn place) {
  switch (place) {
    case RunsOn::kWorkers:
      return "worker threads, as many as `workers` says";
    case RunsOn::kLane:
      return "the device lane";
    case RunsOn::kOneAtATime:
      return "one worker thread at a time";
  }
  return "?";
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
  if (spec.kind != Kind::kResource)
    text += std::string(", runs on ") + internal::PlaceText(internal::RunsOnOf(spec));
  text += '\n' + Indented(spec.doc);
  const std::string ports = Ports(spec);
  if (!ports.empty()) text += '\n' + ports;
  return text + Options(spec) + Example(spec);
}

}  // namespace flowtrain
