// Values written as YAML that reads back as the same values.
#pragma once

#include <string>
#include <string_view>

#include "pipeline/config/value.h"

namespace flowtrain {

// One line: "[1, 2]", "{type: X}". A scalar on its own is its text, in quotes only where it was
// quoted, so that it can be shown in a message.
std::string ToFlowYaml(const Value& value);

// Nested maps in block style, two spaces per level; lists on one line. Ends with a line break.
std::string ToBlockYaml(const Value& map);

// The text as a YAML scalar for any place: as it is where that is safe, else in double quotes.
std::string ToYamlScalar(std::string_view text);

}  // namespace flowtrain
