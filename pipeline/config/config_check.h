// Which parameters have a meaning, and what is wrong with a layer that gives others.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/config/value.h"

namespace flowtrain::internal {

class KnownKeys {
 public:
  // Dotted keys of the default file, those the graph refers to, and those that are paths.
  KnownKeys(const std::vector<std::string>& defaults, const std::vector<std::string>& referenced,
            const std::vector<std::string>& paths = {});

  // Adds the findings of one layer. An unknown group is one finding, not one for each of its keys.
  void CheckLayer(const Value& layer, std::vector<Diagnostic>& problems) const;

  // "; did you mean 'data.root'?" for the nearest known key or group, or for the known keys that end
  // in ".key"; else an empty string.
  std::string Suggest(std::string_view key) const;

 private:
  void CheckGroup(const Value& group, const std::string& prefix,
                  std::vector<Diagnostic>& problems) const;
  void CheckEntry(const Entry& entry, const std::string& key,
                  std::vector<Diagnostic>& problems) const;
  std::string KeysOf(const std::string& group) const;
  // " (data has root, kind)" for an unknown key of that group.
  std::string OthersOf(const std::string& key) const;

  std::vector<std::string> keys_;  // in the order of the files
  std::set<std::string> key_set_, groups_, paths_;
};

}  // namespace flowtrain::internal
