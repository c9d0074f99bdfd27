// Scalars that do not mean what they look like.
#pragma once

#include <string>
#include <string_view>

#include "pipeline/config/value.h"

namespace flowtrain {

// Whether YAML reads this word as null, no value: "~", "null", "Null", "NULL". A Value of the kind
// kNull has it in `scalar`, which is empty where nothing at all is written.
bool IsNullWord(std::string_view text);

// The text as it is, as a scalar. Throws ConfigError for what no YAML file can have in it.
Value PlainScalar(const std::string& text, const std::string& name);

// Why Read may refuse a number: no type has room for it.
bool IsTooLargeAnInteger(const Value& value);
bool IsTooLargeANumber(const Value& value);

}  // namespace flowtrain
