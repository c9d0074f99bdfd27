#include "tools/runs/show_runs.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "pipeline/base/text/text_table.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kNameWidth = 32, kDatasetWidth = 14, kValueWidth = 34;

// Code points, cut with an ellipsis.
std::string Cut(const std::string& text, size_t width) {
  size_t points = 0, end = text.size(), keep = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] & 0xC0) == 0x80) continue;
    if (points == width - 1) keep = i;
    if (points++ == width) end = 0;
  }
  return end == 0 ? text.substr(0, keep) + "…" : text;
}

std::string Age(int64_t seconds) {
  if (seconds < 0) return "0 s";
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 60 * 60) return std::to_string(seconds / 60) + " min";
  if (seconds < 48 * 60 * 60) return std::to_string(seconds / 3600) + " h";
  return std::to_string(seconds / 86400) + " d";
}

std::string Steps(const RunRecord& run) {
  const std::string done = ShowCount(run.steps_done());
  return run.total_steps == 0 ? done : done + '/' + ShowCount(run.total_steps);
}

constexpr char kNone[] = "-";

std::string Fixed(const std::optional<double>& value, int digits, const char* unit = "") {
  return value ? ShowFixed(*value, digits) + unit : kNone;
}

Json Number(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json ToJson(const RunRecord& run) {
  Json json;
  json["name"] = run.name;
  json["path"] = run.path;
  json["state"] = run.state;
  json["started_s"] = run.started_s;
  json["dataset"] = run.dataset;
  json["steps"] = run.steps_done();
  json["total_steps"] = run.total_steps == 0 ? Json(nullptr) : Json(run.total_steps);
  json["loss"] = Number(run.last_loss());
  json["knn_top1_best"] = Number(run.best_knn());
  json["images_per_s"] = Number(run.median_images_per_s());
  json["device_peak_bytes"] = Number(run.peak_bytes());
  json["bad_images"] = run.bad_images;
  json["bytes"] = run.bytes;
  return json;
}

std::string Dump(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + '\n';
}

struct Difference {
  std::string key, a, b;
};

// Where a run writes to says nothing of what it is.
bool IsPlace(const std::string& key) {
  return key == "run.path" || key == "run.resume" || key == "run.start_step" || key == "run.go_on";
}

std::vector<Difference> DifferencesOf(const RunRecord& a, const RunRecord& b) {
  const std::map<std::string, std::string> in_a(a.parameters.begin(), a.parameters.end());
  const std::map<std::string, std::string> in_b(b.parameters.begin(), b.parameters.end());
  std::vector<Difference> differences;
  for (const auto& [key, value] : a.parameters) {
    const auto other = in_b.find(key);
    const std::string there = other == in_b.end() ? kNone : other->second;
    if (there != value && !IsPlace(key)) differences.push_back({key, value, there});
  }
  for (const auto& [key, value] : b.parameters) {
    if (in_a.count(key) == 0 && !IsPlace(key)) differences.push_back({key, kNone, value});
  }
  return differences;
}

// The last step that both have a loss of; null where there is none.
std::pair<const StepFigure*, const StepFigure*> LastCommonStep(const RunRecord& a,
                                                               const RunRecord& b) {
  auto x = a.steps.rbegin(), y = b.steps.rbegin();
  while (x != a.steps.rend() && y != b.steps.rend()) {
    if (x->step == y->step && x->loss && y->loss) return {&*x, &*y};
    if (x->step >= y->step) {
      const bool both = x->step == y->step;
      ++x;
      if (both) ++y;
    } else {
      ++y;
    }
  }
  return {nullptr, nullptr};
}

std::vector<Difference> FiguresOf(const RunRecord& a, const RunRecord& b) {
  const auto row = [&](const char* what, const auto& show) {
    return Difference{what, show(a), show(b)};
  };
  std::vector<Difference> figures = {
      row("state", [](const RunRecord& run) { return run.state; }),
      row("steps", Steps),
      row("last loss", [](const RunRecord& run) { return Fixed(run.last_loss(), 4); }),
  };
  if (const auto [x, y] = LastCommonStep(a, b); x != nullptr) {
    figures.push_back({"loss at step " + ShowCount(x->step), Fixed(x->loss, 4), Fixed(y->loss, 4)});
  }
  figures.push_back(
      row("best kNN top-1", [](const RunRecord& run) { return Fixed(run.best_knn(), 1, " %"); }));
  figures.push_back(row("images/s (median)", [](const RunRecord& run) {
    const auto rate = run.median_images_per_s();
    return rate ? ShowRate(*rate) : std::string(kNone);
  }));
  figures.push_back(row("peak VRAM", [](const RunRecord& run) {
    const auto bytes = run.peak_bytes();
    return bytes ? ShowGib(static_cast<size_t>(*bytes)) : std::string(kNone);
  }));
  figures.push_back(
      row("bad images", [](const RunRecord& run) { return ShowCount(run.bad_images); }));
  return figures;
}

void AddRows(const std::vector<Difference>& rows, TextTable& table) {
  for (const Difference& row : rows) {
    table.Add({row.key, Cut(row.a, kValueWidth), Cut(row.b, kValueWidth)});
  }
}

Json DifferenceJson(const RunRecord& a, const RunRecord& b) {
  Json json;
  json["a"] = ToJson(a);
  json["b"] = ToJson(b);
  json["parameters"] = Json::array();
  for (const Difference& one : DifferencesOf(a, b)) {
    json["parameters"].push_back({{"key", one.key}, {"a", one.a}, {"b", one.b}});
  }
  const auto [x, y] = LastCommonStep(a, b);
  json["last_common_step"] = nullptr;
  if (x != nullptr) {
    json["last_common_step"] = {{"step", x->step}, {"loss_a", *x->loss}, {"loss_b", *y->loss}};
  }
  return json;
}

}  // namespace

std::string RunsText(const std::string& folder, const RunList& list, int64_t now_s) {
  std::string text;
  if (list.runs.empty()) text += "there are no runs in " + folder + '\n';
  TextTable table;
  if (!list.runs.empty()) {
    table.Add({"RUN", "STATE", "AGE", "DATA", "STEPS", "LOSS", "KNN", "SIZE"});
  }
  for (const RunRecord& run : list.runs) {
    table.Add({Cut(run.name, kNameWidth), run.state, Age(now_s - run.started_s),
               run.dataset.empty() ? kNone : Cut(run.dataset, kDatasetWidth), Steps(run),
               Fixed(run.last_loss(), 3), Fixed(run.best_knn(), 1, "%"), ShowGib(run.bytes)});
  }
  text += table.ToString("");
  for (const auto& [path, why] : list.others) {
    text.append("not listed: ").append(path).append(": ").append(why).append("\n");
  }
  return text;
}

std::string RunsJson(const std::string& folder, const RunList& list) {
  Json json;
  json["folder"] = folder;
  json["runs"] = Json::array();
  for (const RunRecord& run : list.runs) json["runs"].push_back(ToJson(run));
  json["not_listed"] = Json::array();
  for (const auto& [path, why] : list.others) {
    json["not_listed"].push_back({{"path", path}, {"why", why}});
  }
  return Dump(json);
}

std::string RunsDifference(const RunRecord& a, const RunRecord& b, bool json) {
  if (json) return Dump(DifferenceJson(a, b));
  TextTable table;
  table.Add({"", "A: " + Cut(a.name, kValueWidth - 3), "B: " + Cut(b.name, kValueWidth - 3)});
  const std::vector<Difference> differences = DifferencesOf(a, b);
  AddRows(differences, table);
  if (differences.empty()) table.Add({"(no parameter differs)"});
  table.Add({});
  AddRows(FiguresOf(a, b), table);
  return table.ToString("");
}

}  // namespace flowtrain
