#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/config/config.h"
#include "pipeline/graph/graph_file.h"
#include "tools/load/find_file.h"
#include "tools/schema/markdown.h"
#include "tools/schema/parameters.h"
#include "tools/schema/schema.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using internal::Code;
using internal::MarkdownTable;
using internal::Parameter;

const char* const kIntroduction =
    "# Parameters\n\n"
    "Every key of the parameter files, with its default there and the types of node or resource "
    "that "
    "read it, from the declarations in the\n"
    "program. [settings.md](../settings.md) says how to set them, [nodes.md](nodes.md) has the "
    "types.\n\n"
    "The program writes this page: `flowtrain schema config --markdown > "
    "docs/reference/parameters.md`.\n";

// Graphs with the same file of defaults.
struct Group {
  std::string defaults;  // a path
  std::vector<std::string> graphs;
};

// "configs/a.yaml" of "/somewhere/configs/a.yaml".
std::string ShortPath(const fs::path& path) {
  return (path.parent_path().filename() / path.filename()).string();
}

GraphFile Read(const std::string& graph) {
  return ReadGraphFile(FindGraphFile(graph), ShippedFolder());
}

std::vector<Group> GroupsOf(const std::vector<std::string>& graphs) {
  std::vector<Group> groups;
  const auto group_of = [&](const std::string& defaults) -> Group& {
    for (Group& group : groups) {
      if (group.defaults == defaults) return group;
    }
    return groups.emplace_back(Group{defaults, {}});
  };
  for (const std::string& graph : graphs) {
    const std::string defaults = DefaultConfigPath(Read(graph).graph);
    group_of(fs::weakly_canonical(defaults)).graphs.push_back(graph);
  }
  return groups;
}

// "an integer, >= 1"; of text its choices alone.
std::string Allowed(const Parameter& parameter) {
  if (parameter.bound.empty()) return parameter.type;
  if (parameter.type == "text") return parameter.bound;
  return parameter.type + ", " + parameter.bound;
}

std::string Readers(const Parameter& parameter) {
  std::string text;
  for (const std::string& reader : parameter.readers) {
    const bool is_type = reader.find(' ') == std::string::npos;
    text += (text.empty() ? "" : ", ") + (is_type ? Code(reader) : reader);
  }
  return text.empty() ? "-" : text;
}

const std::vector<std::string> kColumns = {"key", "default", "allowed", "meaning", "read by"};

// A table for the keys of each section of the file, in its order.
std::string Tables(const Config& defaults, const internal::Parameters& parameters) {
  std::string text, section;
  MarkdownTable table(kColumns);
  const auto finish = [&] {
    text += table.ToString();
    table = MarkdownTable(kColumns);
  };
  for (const std::string& key : defaults.Keys()) {
    const std::string of_key =
        key.substr(0, key.find('.') == std::string::npos ? 0 : key.find('.'));
    if (of_key != section) {
      finish();
      section = of_key;
      if (!section.empty()) text += "\n### " + section + '\n';
    }
    const Parameter& parameter = parameters.at(key);
    table.Add({Code(key), Code(defaults.Find(key)->ToString()), Allowed(parameter),
               internal::Meaning(parameter), Readers(parameter)});
  }
  finish();
  return text;
}

// What the graphs of a group set otherwise than its file of defaults.
std::string Changes(const Group& group, const Config& defaults) {
  MarkdownTable table({"graph", "key", "default there"});
  for (const std::string& graph : group.graphs) {
    const Config own = DefaultParameters(Read(graph));
    for (const std::string& key : own.Keys()) {
      const Value* before = defaults.Find(key);
      const std::string value = own.Find(key)->ToString();
      if (before != nullptr && before->ToString() == value) continue;
      table.Add({Code(ShortPath(graph)), Code(key), Code(value)});
    }
  }
  const std::string text = table.ToString();
  return text.empty() ? "" : "\n### What graphs set otherwise\n" + text;
}

}  // namespace

std::string ParameterReference(const std::vector<std::string>& graphs, const Registry& registry) {
  std::string text = kIntroduction;
  for (const Group& group : GroupsOf(graphs)) {
    internal::Parameters parameters;
    std::string names;
    for (const std::string& graph : group.graphs) {
      internal::AddParametersOf(graph, registry, parameters);
      names += (names.empty() ? "" : ", ") + Code(ShortPath(graph));
    }
    const Config defaults(group.defaults);
    text += "\n## " + ShortPath(group.defaults) + "\n\nThe defaults of " + names + ".\n" +
            Tables(defaults, parameters) + Changes(group, defaults);
  }
  return text;
}

}  // namespace flowtrain
