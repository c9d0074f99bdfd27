#include "nodes/run/last_epoch.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

namespace flowtrain {
namespace {

using nlohmann::json;

uint64_t CountIn(const json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

std::optional<double> FigureIn(const json& line, const char* key) {
  const auto found = line.find(key);
  if (found == line.end() || !found->is_number()) return {};
  return found->get<double>();
}

}  // namespace

std::optional<LastEpoch> ReadLastEpoch(const std::string& metrics_path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(metrics_path, error)) return {};
  std::optional<LastEpoch> last;
  uint64_t step = 0;  // of the line of a step before
  std::ifstream in(metrics_path);
  for (std::string text; std::getline(in, text);) {
    const json line = json::parse(text, nullptr, false);
    if (!line.is_object()) continue;
    if (line.contains("step")) step = CountIn(line, "step");
    const uint64_t steps = CountIn(line, "steps");
    if (steps == 0) continue;
    const bool whole = steps * CountIn(line, "epoch") == step;  // all epochs are as long
    last = LastEpoch{step, whole ? FigureIn(line, "loss").value_or(std::nan("")) : std::nan(""),
                     FigureIn(line, "knn_top1")};
  }
  return last;
}

}  // namespace flowtrain
