#include "nodes/evaluate/final_line.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace flowtrain {

std::string FinalLine(std::initializer_list<std::pair<const char*, double>> figures) {
  using Json = nlohmann::ordered_json;
  Json line = {{"final", true}};
  for (const auto& [name, value] : figures) {
    line[name] = std::isfinite(value) ? Json(value) : Json(nullptr);
  }
  return line.dump();
}

}  // namespace flowtrain
