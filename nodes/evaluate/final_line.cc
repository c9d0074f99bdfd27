#include "nodes/evaluate/final_line.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace flowtrain {

std::string FinalLine(const std::vector<std::pair<const char*, double>>& figures,
                      const std::vector<std::pair<const char*, int64_t>>& counts) {
  using Json = nlohmann::ordered_json;
  Json line = {{"final", true}};
  for (const auto& [name, value] : figures) {
    line[name] = std::isfinite(value) ? Json(value) : Json(nullptr);
  }
  for (const auto& [name, count] : counts) line[name] = count;
  return line.dump();
}

}  // namespace flowtrain
