#include <string>
#include <utility>
#include <vector>

#include "pipeline/graph/describe.h"
#include "pipeline/node/registry.h"
#include "tools/schema/markdown.h"
#include "tools/schema/schema.h"

namespace flowtrain {
namespace {

using internal::Code;
using internal::MarkdownTable;
using Kind = NodeSpec::Kind;

const char* const kPageStart =
    "# Node and resource types\n\n"
    "What the `type` of a node or resource in a graph may be, from the declarations in the "
    "program.\n"
    "`flowtrain nodes TYPE` prints the same about one type, also of a plug-in. "
    "[concepts.md](../concepts.md) explains samples, batches and steps;\n"
    "[parameters.md](parameters.md) has the parameters by which the graphs that ship set these "
    "options.\n\n"
    "The program writes this page: `flowtrain schema graph --markdown > "
    "docs/reference/nodes.md`.\n";

struct Section {
  Kind kind;
  const char* heading;
};

const Section kSections[] = {
    {Kind::kSource, "Sources: where samples come from"},
    {Kind::kSample, "Sample nodes: one image at a time"},
    {Kind::kCollate, "Stages: samples become batches"},
    {Kind::kWindow, "Window nodes: the batches of an optimiser step"},
    {Kind::kStep, "Step nodes: after each optimiser step"},
    {Kind::kResource, "Resources: what nodes share"},
};

const char* Plural(Stream stream) {
  switch (stream) {
    case Stream::kSample:
      return "samples";
    case Stream::kBatch:
      return "batches";
    case Stream::kStep:
      return "steps";
  }
  return "?";
}

std::string Ports(const NodeSpec& spec) {
  MarkdownTable table({"port", "name", "what"});
  for (const NodeSpec::Port& port : spec.inputs) {
    table.Add({"in", Code(port.name), Plural(port.stream)});
  }
  for (const NodeSpec::Port& port : spec.outputs) {
    table.Add({"out", Code(port.name), Plural(port.stream)});
  }
  for (const NodeSpec::Use& use : spec.uses) {
    table.Add({"uses", Code(use.name),
               Code(use.type) + (use.optional ? ", where the graph has it" : "")});
  }
  return table.ToString();
}

std::string Options(const NodeSpec& spec) {
  MarkdownTable table({"option", "type", "default", "range", "meaning"});
  for (const OptionSpec& option : spec.options) {
    table.Add({Code(option.name), option.type,
               option.required ? "(required)" : Code(option.default_text), option.bound,
               option.doc});
  }
  return table.ToString();
}

std::string TypeEntry(const NodeSpec& spec) {
  std::string text = "\n### " + spec.type + "\n\n" + spec.doc + '\n';
  if (spec.kind != Kind::kResource) {
    text += std::string("\nRuns on ") + internal::PlaceText(internal::RunsOnOf(spec)) + ".\n";
  }
  return text + Ports(spec) + Options(spec);
}

}  // namespace

std::string NodeReference(const Registry& registry) {
  std::string text = kPageStart;
  for (const Section& section : kSections) {
    text += std::string("\n## ") + section.heading + '\n';
    for (const auto& [name, type] : registry.types()) {
      if (type.spec.kind == section.kind) text += TypeEntry(type.spec);
    }
  }
  return text;
}

}  // namespace flowtrain
