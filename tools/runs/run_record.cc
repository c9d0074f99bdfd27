#include "tools/runs/run_record.h"

#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "nodes/run/bad_image_file.h"
#include "nodes/run/run_state.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/config/config.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::optional<double> FigureOf(const json& line, const char* key) {
  const auto found = line.find(key);
  if (found == line.end() || !found->is_number()) return {};
  return found->get<double>();
}

uint64_t CountOf(const json& line, const char* key) {
  const auto found = line.find(key);
  return found != line.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

StepFigure StepOf(const json& line, uint64_t step) {
  return {step,
          FigureOf(line, "loss"),
          FigureOf(line, "lr"),
          FigureOf(line, "images_per_s"),
          FigureOf(line, "data_wait"),
          FigureOf(line, "device_peak_bytes"),
          FigureOf(line, "seconds")};
}

// An accuracy is in the line of its step and again in that of the epoch.
void AddAccuracy(uint64_t step, std::optional<double> percent, RunRecord& run) {
  if (!percent) return;
  if (!run.knn.empty() && run.knn.back().first == step) {
    run.knn.back().second = *percent;
  } else {
    run.knn.emplace_back(step, *percent);
  }
}

// Returns the steps of the run's first epoch, of which all others have as many; 0: not known.
uint64_t ReadMetricsOf(const std::string& path, RunRecord& run) {
  uint64_t epoch_steps = 0;
  std::ifstream in(path);
  for (std::string text; std::getline(in, text);) {
    const json line = json::parse(text, nullptr, false);
    if (!line.is_object()) continue;
    if (const uint64_t step = CountOf(line, "step"); step > run.steps_done()) {
      run.steps.push_back(StepOf(line, step));
    }
    epoch_steps = std::max(epoch_steps, CountOf(line, "steps"));
    if (const auto start = FigureOf(line, "knn_top1_start")) {
      if (run.knn.empty() || run.knn.front().first != 0)
        run.knn.insert(run.knn.begin(), {0, *start});
    }
    AddAccuracy(run.steps_done(), FigureOf(line, "knn_top1"), run);
  }
  return epoch_steps;
}

std::string DatasetOf(const Config& config) {
  const auto kind = config.GetOr<std::string>("data.kind", "");
  if (kind.empty() || kind == "sample" || kind == "stl10") return kind;
  const fs::path root = config.GetOr<std::string>("data.root", "");
  const fs::path last = root.has_filename() ? root.filename() : root.parent_path().filename();
  return last.empty() ? kind : kind + ' ' + PrintableName(last.string());
}

uint64_t StepsToDo(const Config& config, uint64_t epoch_steps) {
  const auto most = config.GetOr<int64_t>("train.max_steps", 0);
  const auto epochs = config.GetOr<int64_t>("train.epochs", 0);
  const uint64_t of_epochs = epochs > 0 ? static_cast<uint64_t>(epochs) * epoch_steps : 0;
  if (most <= 0) return of_epochs;
  return of_epochs == 0 ? static_cast<uint64_t>(most)
                        : std::min(of_epochs, static_cast<uint64_t>(most));
}

// Of a run by a version that wrote no state.json.
std::string StateFromLog(const RunRecord& run) {
  std::ifstream in(run.path + "/log.txt");
  bool failed = false;
  for (std::string line; std::getline(in, line);) {
    const bool is_error = line.find(" error ") == 29;  // after the time
    if (is_error) failed = true;
    if (line.find(" info # flowtrain ") == 29) failed = false;  // it was started again
  }
  if (failed) return "failed";
  return run.total_steps > 0 && run.steps_done() >= run.total_steps ? "done" : "interrupted";
}

std::string StateOf(const RunRecord& run, const std::optional<RunState>& left) {
  if (FolderInUse(run.path)) return "running";
  if (!left) return StateFromLog(run);
  return left->state == "running" ? "interrupted" : left->state;  // it was killed
}

int64_t ModifiedAt(const std::string& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 ? status.st_mtime : 0;
}

uint64_t BytesBelow(const fs::path& folder) {
  uint64_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code gone;  // a running run renames its files
    if (!entry->is_regular_file(gone) || entry->is_symlink(gone)) continue;
    const uint64_t size = entry->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

std::string NameOf(const std::string& folder) {
  const fs::path whole = fs::absolute(folder).lexically_normal();
  return PrintableName((whole.has_filename() ? whole : whole.parent_path()).filename().string());
}

}  // namespace

std::optional<double> RunRecord::last_loss() const {
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (step->loss) return step->loss;
  }
  return {};
}

std::optional<double> RunRecord::best_knn() const {
  std::optional<double> best;
  for (const auto& [step, percent] : knn) {
    if (step > 0) best = std::max(best.value_or(percent), percent);
  }
  return best;
}

std::optional<double> RunRecord::median_images_per_s() const {
  std::vector<double> rates;
  for (size_t i = steps.size() > 1 ? 1 : 0; i < steps.size(); ++i) {
    if (steps[i].images_per_s) rates.push_back(*steps[i].images_per_s);
  }
  if (rates.empty()) return {};
  const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
  std::nth_element(rates.begin(), middle, rates.end());
  return *middle;
}

std::optional<double> RunRecord::peak_bytes() const {
  std::optional<double> most;
  for (const StepFigure& step : steps) {
    if (step.device_peak_bytes) {
      most = std::max(most.value_or(0), *step.device_peak_bytes);
    }
  }
  return most;
}

std::string WhyNoRun(const std::string& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) return "there is no such folder";
  if (!fs::is_directory(folder, error)) return "it is no folder";
  for (const char* file : {"config.yaml", "metrics.jsonl"}) {
    if (!fs::is_regular_file(fs::path(folder) / file, error)) {
      return std::string("it holds no run (no ") + file + ')';
    }
  }
  return {};
}

RunRecord ReadRun(const std::string& folder) {
  const std::string why = WhyNoRun(folder);
  if (!why.empty()) throw ConfigError(folder + ": " + why);
  RunRecord run;
  run.path = folder;
  run.name = NameOf(folder);
  const Config config(folder + "/config.yaml");
  for (const std::string& key : config.Keys()) {
    run.parameters.emplace_back(key, config.Find(key)->ToString());
  }
  const uint64_t epoch_steps = ReadMetricsOf(folder + "/metrics.jsonl", run);
  const std::optional<RunState> left = ReadRunState(folder);
  run.total_steps =
      left && left->total_steps > 0 ? left->total_steps : StepsToDo(config, epoch_steps);
  run.started_s =
      left && left->started_s > 0 ? left->started_s : ModifiedAt(folder + "/config.yaml");
  run.state = StateOf(run, left);
  run.dataset = DatasetOf(config);
  run.bytes = BytesBelow(folder);
  run.bad_images = ReadBadImageFile(folder + "/bad_images.csv").size();
  return run;
}

RunList ListRuns(const std::string& folder) {
  RunList list;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  if (error) {
    throw ConfigError("cannot read " + folder + ": " + error.message() +
                      "; name the folder that your runs are in (run.dir)");
  }
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string path = entry->path().string();
    std::error_code ignored;
    if (!entry->is_directory(ignored)) continue;
    std::string why = WhyNoRun(path);
    try {
      if (why.empty()) list.runs.push_back(ReadRun(path));
    } catch (const std::exception& failure) {
      why = failure.what();
    }
    if (!why.empty()) list.others.emplace_back(PrintableName(path), why);
  }
  std::sort(list.others.begin(), list.others.end());
  std::sort(list.runs.begin(), list.runs.end(), [](const RunRecord& a, const RunRecord& b) {
    return a.started_s != b.started_s ? a.started_s > b.started_s : a.name > b.name;
  });
  return list;
}

std::string FindRun(const std::string& name) {
  std::error_code error;
  const fs::path in_runs = fs::path("runs") / name;
  const bool here = fs::exists(fs::symlink_status(name, error));
  return !here && fs::exists(in_runs, error) ? in_runs.string() : name;
}

}  // namespace flowtrain
