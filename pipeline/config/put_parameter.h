// One parameter that the program itself overrides in a configuration.
#pragma once

#include <string>

#include "pipeline/config/config.h"

namespace flowtrain {

// The text as a value that stays text (a path may look like a number). `given_with` is what an
// error names as its place: "--resume".
Value TextValue(const std::string& text, const std::string& given_with);
// The same for a number, or for true or false.
Value PlainValue(const std::string& text, const std::string& given_with);

// Replaces what is under the dotted key with `value`.
void PutParameter(Config& config, const std::string& key, Value value);

}  // namespace flowtrain
