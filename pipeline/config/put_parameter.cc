#include "pipeline/config/put_parameter.h"

#include <utility>

namespace flowtrain {

Value TextValue(const std::string& text, const std::string& given_with) {
  Value value = PlainValue(text, given_with);
  value.quoted = true;
  return value;
}

Value PlainValue(const std::string& text, const std::string& given_with) {
  Value value;
  value.kind = Value::Kind::kScalar;
  value.scalar = text;
  value.at.file = given_with;
  return value;
}

void PutParameter(Config& config, const std::string& key, Value value) {
  Value map;
  map.kind = Value::Kind::kMap;
  map.at = value.at;
  map.entries.push_back({key, value.at, std::move(value)});
  config.Overlay(map);
}

}  // namespace flowtrain
