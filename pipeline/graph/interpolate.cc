#include "pipeline/graph/interpolate.h"

#include <algorithm>

namespace flowtrain::internal {
namespace {

constexpr std::string_view kOpen = "${";
constexpr size_t kMostBytes = size_t{16} << 20;

size_t BytesOf(const Value& value) {
  size_t bytes = sizeof value + value.scalar.size();
  for (const Value& item : value.items) bytes += BytesOf(item);
  return bytes;
}

bool IsKey(std::string_view text) {
  constexpr std::string_view kCharacters =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-";
  return !text.empty() && text.find_first_not_of(kCharacters) == std::string_view::npos;
}

}  // namespace

bool IsUnresolved(const Value& value) {
  if (value.kind == Value::Kind::kScalar) return value.scalar.find(kOpen) != std::string::npos;
  return std::any_of(value.items.begin(), value.items.end(), IsUnresolved);
}

Value Interpolation::Resolve(const Value& value) {
  if (value.kind == Value::Kind::kScalar) return ResolveScalar(value);
  Value resolved = value;
  for (Value& item : resolved.items) item = Resolve(item);
  for (Entry& entry : resolved.entries) entry.value = Resolve(entry.value);
  return resolved;
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
      problems_.Add(value.at, Quoted(text) + " is no reference: write ${group.key}");
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
    if (alone) return *parameter;
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
  problems_.Add(at, "the parameters that are put in come to more than " +
                        std::to_string(kMostBytes >> 20) + " MiB");
  return false;
}

const Value* Interpolation::Lookup(const std::string& key, const Position& at) {
  if (std::find(referenced_.begin(), referenced_.end(), key) == referenced_.end()) {
    referenced_.push_back(key);
  }
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
