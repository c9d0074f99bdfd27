// What `flowtrain check` prints.
#pragma once

#include <string>

#include "nodes/check/check_images.h"
#include "nodes/check/check_summary.h"

namespace flowtrain {

// As text; `description` is what the set calls itself.
std::string CheckText(const std::string& description, const CheckResult& result,
                      const CheckSummary& summary);

// As one JSON object, with every image that the text only counts.
std::string CheckJson(const std::string& description, const CheckResult& result,
                      const CheckSummary& summary);

}  // namespace flowtrain
