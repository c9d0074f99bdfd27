// A YAML value with the places of all its parts: what graphs, configurations and options are read
// from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/base/error.h"

namespace flowtrain {

struct Entry;

// A tree of scalars, lists and maps. Maps keep the order of the file.
struct Value {
  enum class Kind : uint8_t { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  std::string scalar;          // kScalar: the text
  bool quoted = false;         // kScalar: was in quotes, so it is text whatever it looks like
  std::vector<Value> items;    // kList
  std::vector<Entry> entries;  // kMap
  std::string parameter;       // in a graph: the parameter that was substituted here; empty: none
  Position at;

  const Value* Find(std::string_view key) const;  // kMap: the value under `key`, or nullptr
  const char* KindName() const;                   // "a map", "a list", "text", "nothing"
  std::string ToString() const;                   // one line of flow YAML
};

struct Entry {
  std::string key;
  Position at;
  Value value;
  std::string section = {};  // of an option: the section of parameters it was passed on with
};

// Reads a YAML file. Throws ConfigError for a file that cannot be read (a FIFO and a device
// included), for bad syntax, for a key that occurs twice in a map, and for a file larger than
// anyone writes by hand: more than 1 MiB, 10,000 values or 50 levels of lists and maps. `${name}`
// may occur anywhere in a plain scalar, in flow maps too.
Value ReadYamlFile(const std::string& path);
// The same from text; `name` is the file name that positions show.
Value ReadYaml(const std::string& text, const std::string& name);

// Conversions of a scalar or list. Each returns false when the value does not have the type.
bool Read(const Value& value, bool& out);     // true | false
bool Read(const Value& value, int64_t& out);  // 128, -1
bool Read(const Value& value, int& out);
bool Read(const Value& value, double& out);  // 0.5, 1e-4, 3
bool Read(const Value& value, float& out);
bool Read(const Value& value, std::string& out);               // any scalar
bool Read(const Value& value, std::vector<std::string>& out);  // a list, or one scalar
bool Read(const Value& value, std::vector<double>& out);

}  // namespace flowtrain
