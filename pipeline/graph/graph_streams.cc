#include <map>
#include <optional>
#include <utility>

#include "pipeline/base/text/suggest.h"
#include "pipeline/base/topology.h"
#include "pipeline/graph/graph_validate.h"

namespace flowtrain::internal {
namespace {

using Kind = NodeSpec::Kind;

// One end of a stream.
struct End {
  size_t node;
  Position at;
  std::optional<Stream> carries;  // none where the type is unknown or its ports do not fit it
};

class StreamCheck {
 public:
  StreamCheck(ParsedGraph& graph, const Registry& registry, Problems& problems)
      : graph_(graph), problems_(problems) {
    for (const ParsedNode& node : graph.nodes) {
      const Registry::Type* type = registry.Find(node.def.type);
      const bool is_node = type != nullptr && type->spec.kind != Kind::kResource;
      specs_.push_back(is_node ? &type->spec : nullptr);
    }
  }

  void Run() {
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      CheckPortCounts(graph_.nodes[i], specs_[i]);
      Collect(i);
    }
    CheckEnds();
    CheckSource();
    Order();
  }

 private:
  const NodeDef& Def(size_t node) const { return graph_.nodes[node].def; }

  void CheckPortCounts(const ParsedNode& node, const NodeSpec* spec) {
    if (spec == nullptr) return;
    if (node.in_resolved) CheckCount(node.def, node.def.in, spec->inputs, "takes", "in");
    // The last step node may have no output: the steps go home from there.
    const bool ends_here = spec->kind == Kind::kStep && node.def.out.empty();
    if (node.out_resolved && !ends_here) {
      CheckCount(node.def, node.def.out, spec->outputs, "makes", "out");
    }
  }

  void CheckCount(const NodeDef& def, const std::vector<PortDef>& given,
                  const std::vector<NodeSpec::Port>& declared, const char* verb, const char* key) {
    if (given.size() == declared.size()) return;
    std::string ports;
    for (const NodeSpec::Port& port : declared) {
      ports += (ports.empty() ? "" : ", ") + port.name + ": " + ToString(port.stream);
    }
    std::string message = NameAndType(def) + ' ' + verb + ' ';
    message += declared.empty()
                   ? "no stream"
                   : std::to_string(declared.size()) +
                         (declared.size() == 1 ? " stream (" : " streams (") + ports + ')';
    message += std::string(", but its `") + key + "` names " + std::to_string(given.size());
    problems_.Add(given.empty() ? def.at : given.front().at, message);
  }

  void Collect(size_t i) {
    const NodeDef& def = Def(i);
    const NodeSpec* spec = specs_[i];
    const auto collect = [&](const auto& ports, const auto* declared, auto& ends) {
      const bool fits = declared != nullptr && declared->size() == ports.size();
      for (size_t p = 0; p < ports.size(); ++p) {
        const auto carries = fits ? std::optional<Stream>((*declared)[p].stream) : std::nullopt;
        ends.emplace(ports[p].stream, End{i, ports[p].at, carries});
      }
    };
    collect(def.in, spec == nullptr ? nullptr : &spec->inputs, taken_);
    collect(def.out, spec == nullptr ? nullptr : &spec->outputs, made_);
  }

  // Names of the streams that no node takes, for a stream that is misspelt where it is taken, and
  // vice versa.
  std::vector<std::string> Unmatched(const std::multimap<std::string, End>& ends,
                                     const std::multimap<std::string, End>& others) const {
    std::vector<std::string> names;
    for (const auto& [stream, end] : ends) {
      if (others.count(stream) == 0) names.push_back(stream);
    }
    return names;
  }

  // Whether a finding elsewhere hides which streams there are.
  bool SomeUnknown(bool ParsedNode::*resolved) const {
    for (const ParsedNode& node : graph_.nodes) {
      if (!(node.*resolved)) return true;
    }
    return false;
  }

  void CheckEnds() {
    CheckOnce(made_, "made");
    CheckOnce(taken_, "taken");
    const auto not_taken = Unmatched(made_, taken_), not_made = Unmatched(taken_, made_);
    if (!SomeUnknown(&ParsedNode::out_resolved)) {
      for (const std::string& stream : not_made) {
        const End& end = taken_.find(stream)->second;
        problems_.Add(end.at, "no node makes the stream " + Quoted(stream) + ", which '" +
                                  Def(end.node).name + "' takes" + DidYouMean(stream, not_taken));
      }
    }
    if (!SomeUnknown(&ParsedNode::in_resolved)) {
      for (const std::string& stream : not_taken) {
        const End& end = made_.find(stream)->second;
        problems_.Add(end.at, "no node takes the stream " + Quoted(stream) + ", which '" +
                                  Def(end.node).name + "' makes" + DidYouMean(stream, not_made));
      }
    }
    for (const auto& [stream, taker] : taken_) CheckKinds(stream, taker);
  }

  void CheckOnce(const std::multimap<std::string, End>& ends, const char* verb) {
    for (auto end = ends.begin(); end != ends.end(); ++end) {
      const End& first = ends.lower_bound(end->first)->second;
      if (&first == &end->second) continue;
      problems_.Add(end->second.at, "the stream " + Quoted(end->first) + " is " + verb + " by '" +
                                        Def(first.node).name + "' (line " +
                                        std::to_string(first.at.line) + ") and again by '" +
                                        Def(end->second.node).name + "'");
    }
  }

  void CheckKinds(const std::string& stream, const End& taker) {
    if (made_.count(stream) != 1 || taken_.count(stream) != 1) return;
    const auto maker = made_.find(stream);
    if (!maker->second.carries || !taker.carries) return;
    if (*maker->second.carries == *taker.carries) return;
    problems_.Add(taker.at, "the stream " + Quoted(stream) + " carries " +
                                ToString(*maker->second.carries) + " packets (made by " +
                                NameAndType(Def(maker->second.node)) + "), but " +
                                NameAndType(Def(taker.node)) + " takes " +
                                ToString(*taker.carries) + " packets");
  }

  void CheckSource() {
    const ParsedNode* source = nullptr;
    bool unknown = false;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const ParsedNode& node = graph_.nodes[i];
      if (specs_[i] == nullptr) {
        unknown = true;
      } else if (specs_[i]->kind != Kind::kSource) {
        if (!specs_[i]->inputs.empty()) continue;
        problems_.Add(node.def.at, NameAndType(node.def) + " has no input and is not a source: " +
                                       "nothing reaches it");
      } else if (source == nullptr) {
        source = &node;
      } else {
        problems_.Add(node.def.at, NameAndType(node.def) + " is a second source, after " +
                                       Quoted(source->def.name) + " (line " +
                                       std::to_string(source->def.at.line) +
                                       "): a graph has exactly one");
      }
    }
    if (source == nullptr && !unknown && !graph_.nodes.empty()) {
      problems_.Add(graph_.nodes_at, "the graph has no source node");
    }
  }

  void Order() {
    std::vector<std::vector<size_t>> before(graph_.nodes.size());
    for (const auto& [stream, taker] : taken_) {
      const auto maker = made_.find(stream);
      if (maker != made_.end()) before[taker.node].push_back(maker->second.node);
    }
    const Topology topology = SortTopologically(before);
    if (!topology.cycle.empty()) {
      std::string path;
      for (const size_t i : topology.cycle) path += Def(i).name + " -> ";
      problems_.Add(Def(topology.cycle.front()).at,
                    "nodes form a cycle: " + path + Def(topology.cycle.front()).name);
      return;
    }
    std::vector<ParsedNode> ordered;
    for (const size_t i : topology.order) ordered.push_back(std::move(graph_.nodes[i]));
    graph_.nodes = std::move(ordered);
  }

  ParsedGraph& graph_;
  Problems& problems_;
  std::vector<const NodeSpec*> specs_;  // nullptr: of no known type
  std::multimap<std::string, End> made_, taken_;
};

}  // namespace

void CheckStreams(ParsedGraph& graph, const Registry& registry, Problems& problems) {
  StreamCheck(graph, registry, problems).Run();
}

}  // namespace flowtrain::internal
