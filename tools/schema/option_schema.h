// The schema of one value.
#pragma once

#include <nlohmann/json.hpp>

#include "pipeline/node/options.h"

namespace flowtrain::internal {

using Json = nlohmann::ordered_json;

// What the form allows, without a description.
Json FormSchema(const OptionForm& form);
// Any text. YAML reads what looks like a number as one.
Json ScalarSchema();
Json IntegerSchema(int64_t least);
// A number of worker threads.
Json WorkersSchema();

}  // namespace flowtrain::internal
