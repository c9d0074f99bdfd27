// Replaces `${key}` by the parameter.
#pragma once

#include <string>
#include <vector>

#include "pipeline/config/config.h"
#include "pipeline/config/problems.h"
#include "pipeline/config/value.h"

namespace flowtrain::internal {

class Interpolation {
 public:
  Interpolation(const Config& config, Problems& problems) : config_(config), problems_(problems) {}

  // `${key}` alone becomes the parameter's value with its type and the place it comes from; inside
  // a longer or quoted scalar it becomes text. What cannot be replaced is a finding and stays as it
  // is (see IsUnresolved). Keys of maps are left alone.
  Value Resolve(const Value& value);

  // The same for a graph. There the `options` of a node or resource may be `${section}`, a whole
  // group of parameters, or a list of groups and maps, each of which overrides those before it. A
  // group becomes a map whose entries say which section they are of, and have the place of the
  // reference.
  Value ResolveGraph(const Value& graph);

  // Every key that was asked for, whether it exists or not; without sections.
  const std::vector<std::string>& referenced() const { return referenced_; }
  // The sections that were passed on whole.
  const std::vector<std::string>& sections() const { return sections_; }

 private:
  Value ResolveScalar(const Value& value);
  Value ResolveComponents(const Value& components);
  Value ResolveOptions(const Value& options);
  Value ResolveSection(const Value& reference, const std::string& key, const Value& section);
  const Value* Lookup(const std::string& key, const Position& at);

  // Counts what a parameter adds to the graph; false, with a finding, when it becomes too much.
  bool Afford(const Value& parameter, const Position& at);

  const Config& config_;
  Problems& problems_;
  std::vector<std::string> referenced_, sections_;
  size_t put_in_ = 0;  // bytes, about
};

// Whether Resolve has already reported this value, so that nothing more need be said.
bool IsUnresolved(const Value& value);

}  // namespace flowtrain::internal
