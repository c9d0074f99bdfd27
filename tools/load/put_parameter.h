// One parameter laid over a configuration by the program itself.
#pragma once

#include <string>

#include "pipeline/config/config.h"

namespace flowtrain {

// The text as a value that stays text (a path may look like a number). `given_with` is what an
// error names as its place: "--resume".
Value TextValue(const std::string& text, const std::string& given_with);
// The same for a number, or true or false.
Value PlainValue(const std::string& text, const std::string& given_with);

// Puts `value` over what stands under the dotted key.
void PutParameter(Config& config, const std::string& key, Value value);

}  // namespace flowtrain
