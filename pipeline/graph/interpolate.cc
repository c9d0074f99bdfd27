#include "pipeline/graph/interpolate.h"

#include <algorithm>

namespace flowtrain::internal {
namespace {

constexpr std::string_view kOpen = "${";
constexpr size_t kMostBytes = size_t{16} << 20;

size_t BytesOf(const Value& value) {
  size_t bytes = sizeof value + value.scalar.size();
  for (const Value& item : value.items) bytes += BytesOf(item);
  for (const Entry& entry : value.entries) {
    bytes += sizeof entry + entry.key.size() + BytesOf(entry.value);
  }
  return bytes;
}

void AddOnce(const std::string& key, std::vector<std::string>& keys) {
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
}

bool IsKey(std::string_view text) {
  constexpr std::string_view kCharacters =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-";
  return !text.empty() && text.find_first_not_of(kCharacters) == std::string_view::npos;
}

// The key of `${key}`; empty for anything else.
std::string KeyOf(const Value& value) {
  const std::string& text = value.scalar;
  if (value.kind != Value::Kind::kScalar || value.quoted || text.size() < 3) return {};
  if (text.compare(0, 2, kOpen) != 0 || text.find('}') + 1 != text.size()) return {};
  std::string key = text.substr(2, text.size() - 3);
  return IsKey(key) ? key : std::string();
}

}  // namespace

bool IsUnresolved(const Value& value) {
  if (value.quoted && !value.parameter.empty()) return false;  // a path with `${` in it
  if (value.kind == Value::Kind::kScalar) return value.scalar.find(kOpen) != std::string::npos;
  return std::any_of(value.items.begin(), value.items.end(), IsUnresolved) ||
         std::any_of(value.entries.begin(), value.entries.end(),
                     [](const Entry& entry) { return IsUnresolved(entry.value); });
}

Value Interpolation::Resolve(const Value& value) {
  if (value.kind == Value::Kind::kScalar) return ResolveScalar(value);
  Value resolved = value;
  for (Value& item : resolved.items) item = Resolve(item);
  for (Entry& entry : resolved.entries) entry.value = Resolve(entry.value);
  return resolved;
}

Value Interpolation::ResolveGraph(const Value& graph) {
  Value resolved = graph;
  for (Entry& entry : resolved.entries) {
    const bool components = entry.key == "resources" || entry.key == "nodes";
    entry.value = components ? ResolveComponents(entry.value) : Resolve(entry.value);
  }
  return graph.kind == Value::Kind::kMap ? resolved : Resolve(graph);
}

Value Interpolation::ResolveComponents(const Value& components) {
  if (components.kind != Value::Kind::kMap) return Resolve(components);
  Value resolved = components;
  for (Entry& component : resolved.entries) {
    if (component.value.kind != Value::Kind::kMap) {
      component.value = Resolve(component.value);
      continue;
    }
    for (Entry& entry : component.value.entries) {
      entry.value = entry.key == "options" ? ResolveOptions(entry.value) : Resolve(entry.value);
    }
  }
  return resolved;
}

Value Interpolation::ResolveOptions(const Value& options) {
  if (options.kind == Value::Kind::kList) {
    Value resolved = options;
    for (Value& item : resolved.items) item = ResolveOptions(item);
    return resolved;
  }
  const std::string key = KeyOf(options);
  const Value* section = key.empty() ? nullptr : config_.Find(key);
  const bool is_section = section != nullptr && (section->kind == Value::Kind::kMap ||
                                                 section->kind == Value::Kind::kNull);
  return is_section ? ResolveSection(options, key, *section) : Resolve(options);
}

Value Interpolation::ResolveSection(const Value& reference, const std::string& key,
                                    const Value& section) {
  AddOnce(key, sections_);
  if (!Afford(section, reference.at)) return reference;
  Value options;
  options.kind = Value::Kind::kMap;
  options.at = reference.at;
  options.parameter = key;
  for (const Entry& entry : section.entries) {
    // A group within the section is for components that name it.
    if (entry.value.kind == Value::Kind::kMap) continue;
    options.entries.push_back({entry.key, reference.at, entry.value, key});
    options.entries.back().value.parameter = key + '.' + entry.key;
  }
  return options;
}

Value Interpolation::ResolveScalar(const Value& value) {
  const std::string& text = value.scalar;
  Value resolved = value;
  resolved.scalar.clear();
  bool failed = false;
  size_t done = 0;
  for (size_t begin = text.find(kOpen); begin != std::string::npos;
       begin = text.find(kOpen, done)) {
    resolved.scalar.append(text, done, begin - done);
    const size_t end = text.find('}', begin);
    const std::string key = end == std::string::npos ? "" : text.substr(begin + 2, end - begin - 2);
    if (!IsKey(key)) {
      problems_.Add(value.at, Quoted(text) + " is not a reference: write ${group.key}");
      return value;
    }
    done = end + 1;
    const Value* parameter = Lookup(key, value.at);
    if (parameter == nullptr) {
      failed = true;
      continue;
    }
    if (!Afford(*parameter, value.at)) return value;
    const bool alone = begin == 0 && done == text.size() && !value.quoted;
    if (alone) {
      resolved = *parameter;
      resolved.parameter = key;
      return resolved;
    }
    if (parameter->kind != Value::Kind::kScalar) {
      problems_.Add(value.at, "parameter " + Quoted(key) + " is " + parameter->KindName() +
                                  " and cannot stand inside text");
      failed = true;
      continue;
    }
    resolved.scalar += parameter->scalar;
  }
  if (failed) return value;
  resolved.scalar.append(text, done, std::string::npos);
  return resolved;
}

bool Interpolation::Afford(const Value& parameter, const Position& at) {
  if (put_in_ > kMostBytes) return false;
  put_in_ += BytesOf(parameter);
  if (put_in_ <= kMostBytes) return true;
  problems_.Add(at, "the parameters that are filled in come to more than " +
                        std::to_string(kMostBytes >> 20) + " MiB");
  return false;
}

const Value* Interpolation::Lookup(const std::string& key, const Position& at) {
  AddOnce(key, referenced_);
  const Value* found = config_.Find(key);
  if (found == nullptr) {
    problems_.Add(
        at, "parameter " + Quoted(key) + " is not in the configuration" + config_.Suggest(key));
    return nullptr;
  }
  if (found->kind == Value::Kind::kMap) {
    problems_.Add(at, Quoted(key) + " is a group of parameters, not a value");
    return nullptr;
  }
  return found;
}

}  // namespace flowtrain::internal
