#include "tools/schema/option_schema.h"

#include <utility>

namespace flowtrain::internal {
namespace {

using Kind = OptionForm::Kind;

Json NumberSchema(const OptionForm& form, const char* type) {
  Json schema = {{"type", type}};
  if (form.least) schema["minimum"] = *form.least;
  if (form.most) schema["maximum"] = *form.most;
  if (form.odd) schema["not"] = {{"multipleOf", 2}};
  if (form.positive) schema["exclusiveMinimum"] = 0;
  return schema;
}

Json NameSchema(const OptionForm& form) {
  return form.names.empty() ? ScalarSchema() : Json{{"enum", form.names}};
}

// A single value counts as a list of one.
Json ListSchema(const Json& item) {
  return {{"anyOf", {item, {{"type", "array"}, {"items", item}}}}};
}

Json MapsSchema(const OptionForm& form) {
  Json properties = Json::object();
  for (const OptionField& field : form.fields) {
    properties[field.name] = FormSchema(field.form);
    properties[field.name]["description"] = field.doc;
  }
  return {{"type", "array"},
          {"items",
           {{"type", "object"},
            {"properties", std::move(properties)},
            {"additionalProperties", false}}}};
}

}  // namespace

Json ScalarSchema() { return {{"type", {"string", "number", "boolean"}}}; }

Json IntegerSchema(int64_t least) { return {{"type", "integer"}, {"minimum", least}}; }

Json WorkersSchema() { return {{"anyOf", {IntegerSchema(1), {{"const", "auto"}}}}}; }

Json FormSchema(const OptionForm& form) {
  switch (form.kind) {
    case Kind::kBool:
      return {{"type", "boolean"}};
    case Kind::kInteger:
      return NumberSchema(form, "integer");
    case Kind::kNumber:
      return NumberSchema(form, "number");
    case Kind::kText:
      return NameSchema(form);
    case Kind::kNames:
      return ListSchema(NameSchema(form));
    case Kind::kNumbers:
      return ListSchema(NumberSchema(form, "number"));
    case Kind::kTwoNumbers:
      return {{"type", "array"},
              {"items", NumberSchema(form, "number")},
              {"minItems", 2},
              {"maxItems", 2}};
    case Kind::kMaps:
      return MapsSchema(form);
  }
  return ScalarSchema();
}

}  // namespace flowtrain::internal
