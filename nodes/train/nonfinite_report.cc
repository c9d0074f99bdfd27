#include "nodes/train/nonfinite_report.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "pipeline/base/files/new_file.h"

namespace flowtrain {
namespace {

using Json = nlohmann::ordered_json;

Json TextOrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

}  // namespace

void WriteNonFiniteReport(const NonFiniteReport& report, const std::string& path) {
  Json json = {
      {"step", report.step + 1},
      {"epoch", report.epoch + 1},
      {"skipped_steps_before", report.steps_in_a_row},
      {"loss", std::isfinite(report.loss) ? Json(report.loss) : Json(nullptr)},
      {"loss_scale", report.loss_scale},
      {"first_nonfinite_layer", TextOrNull(report.layer)},
      {"first_nonfinite_gradient", TextOrNull(report.gradient)},
      {"seed", report.seed},
      {"samples", Json::array()},
  };
  for (const NonFiniteReport::Sample& sample : report.samples) {
    json["samples"].push_back({{"id", sample.id}, {"name", sample.name}});
  }
  // File names need not be UTF-8.
  const std::string text = json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
  WriteNewFile(path, text);
}

std::string WhereNotFinite(const NonFiniteReport& report) {
  if (!report.layer.empty()) return "the output of layer " + report.layer + " is not finite";
  if (!std::isfinite(report.loss)) return "the loss is not finite, the representations are";
  return "the gradient of " + report.gradient + " is not finite, the loss is";
}

}  // namespace flowtrain
