// What `flowtrain check` prints.
#pragma once

#include <optional>
#include <string>

#include "nodes/check/check_images.h"
#include "nodes/check/check_summary.h"

namespace flowtrain {

// The network that images were compared by.
struct ComparedBy {
  std::string checkpoint;
  double similarity = 0;  // from which on images are similar
};

// As text; `description` is what the set calls itself.
std::string CheckText(const std::string& description, const CheckResult& result,
                      const CheckSummary& summary, const std::optional<ComparedBy>& network);

// As one JSON object, with every image that the text only counts.
std::string CheckJson(const std::string& description, const CheckResult& result,
                      const CheckSummary& summary, const std::optional<ComparedBy>& network);

}  // namespace flowtrain
