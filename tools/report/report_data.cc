#include <algorithm>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>

#include "pipeline/base/text/printable_name.h"
#include "tools/report/evaluation_files.h"
#include "tools/report/report_page.h"

namespace flowtrain {
namespace {

using Json = nlohmann::ordered_json;

Json NumberOrNull(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::optional<double> Gib(const std::optional<double>& bytes) {
  if (!bytes) return {};
  return *bytes / (1024.0 * 1024 * 1024);
}

uint64_t StepsAPoint(const RunRecord& run) {
  return (run.steps.size() + kMostPoints - 1) / kMostPoints;
}

// A series of means over `per_point` steps each, which stand at the last of them.
template <typename Figure>
Json SeriesOf(const RunRecord& run, Figure figure) {
  const size_t per_point = std::max<size_t>(1, StepsAPoint(run));
  Json steps = Json::array(), values = Json::array();
  for (size_t first = 0; first < run.steps.size(); first += per_point) {
    const size_t end = std::min(first + per_point, run.steps.size());
    double sum = 0;
    int known = 0;
    for (size_t i = first; i < end; ++i) {
      const std::optional<double> value = figure(run.steps[i]);
      if (!value) continue;
      sum += *value;
      ++known;
    }
    steps.push_back(run.steps[end - 1].step);
    values.push_back(known == 0 ? Json(nullptr) : Json(sum / known));
  }
  return {{"steps", steps}, {"values", values}};
}

Json KnnSeries(const RunRecord& run) {
  Json steps = Json::array(), values = Json::array();
  for (const auto& [step, percent] : run.knn) {
    steps.push_back(step);
    values.push_back(percent);
  }
  return {{"steps", steps}, {"values", values}};
}

Json AllSeries(const RunRecord& run) {
  Json series;
  series["loss"] = SeriesOf(run, [](const StepFigure& step) { return step.loss; });
  series["lr"] = SeriesOf(run, [](const StepFigure& step) { return step.learning_rate; });
  series["images_per_s"] = SeriesOf(run, [](const StepFigure& step) { return step.images_per_s; });
  series["data_wait"] = SeriesOf(run, [](const StepFigure& step) { return step.data_wait; });
  series["knn_top1"] = KnnSeries(run);
  series["vram"] =
      SeriesOf(run, [](const StepFigure& step) { return Gib(step.device_peak_bytes); });
  return series;
}

std::string VerdictOf(const RunRecord& run) {
  std::ifstream in(run.path + "/timing.json");
  const nlohmann::json timing = nlohmann::json::parse(in, nullptr, false);
  if (!timing.is_object()) return {};
  const auto verdict = timing.find("verdict");
  return verdict != timing.end() && verdict->is_string() ? verdict->get<std::string>()
                                                         : std::string();
}

// Runs of the same name are told apart by where they are.
std::string ShownName(const RunRecord& run, const std::vector<RunRecord>& runs) {
  const auto same = std::count_if(runs.begin(), runs.end(),
                                  [&](const RunRecord& other) { return other.name == run.name; });
  return same > 1 ? PrintableName(run.path) : run.name;
}

}  // namespace

Json ReportData(const std::vector<RunRecord>& runs) {
  Json data;
  data["runs"] = Json::array();
  for (const RunRecord& run : runs) {
    Json json;
    json["name"] = ShownName(run, runs);
    json["state"] = run.state;
    json["dataset"] = run.dataset;
    json["steps"] = run.steps_done();
    json["total_steps"] = run.total_steps;
    json["loss"] = NumberOrNull(run.last_loss());
    json["knn_top1_best"] = NumberOrNull(run.best_knn());
    json["images_per_s"] = NumberOrNull(run.median_images_per_s());
    json["vram_gib"] = NumberOrNull(Gib(run.peak_bytes()));
    json["bad_images"] = run.bad_images;
    json["verdict"] = VerdictOf(run);
    json["steps_a_point"] = StepsAPoint(run);
    json["series"] = AllSeries(run);
    json["parameters"] = Json::object();
    for (const auto& [key, value] : run.parameters) json["parameters"][key] = value;
    json["confusions"] = ConfusionsOf(run);
    json["embedding"] = EmbeddingOf(run);
    json["missing"] = MissingOf(run, json["confusions"].empty(), json["embedding"].is_null());
    data["runs"].push_back(std::move(json));
  }
  return data;
}

}  // namespace flowtrain
