#include "nodes/evaluate/final_line.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace flowtrain {

std::string FinalLine(std::initializer_list<std::pair<const char*, FinalFigure>> figures) {
  using Json = nlohmann::ordered_json;
  Json line = {{"final", true}};
  for (const auto& [name, figure] : figures) {
    const double* value = std::get_if<double>(&figure);
    if (value == nullptr) {
      line[name] = std::get<uint64_t>(figure);
    } else {
      line[name] = std::isfinite(*value) ? Json(*value) : Json(nullptr);
    }
  }
  return line.dump();
}

}  // namespace flowtrain
