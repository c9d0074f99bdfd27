// What a run's folder says of the run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace flowtrain {

// The figures of a step, from metrics.jsonl.
struct StepFigure {
  uint64_t step = 0;  // from 1
  std::optional<double> loss, learning_rate, images_per_s, data_wait, device_peak_bytes, seconds;
};

struct RunRecord {
  std::string path, name;                        // name: the last part of the path
  std::string state;                             // running, done, failed, interrupted
  int64_t started_s = 0;                         // seconds since 1970
  std::string dataset;                           // "stl10", "folder photos"
  uint64_t total_steps = 0;                      // 0: not known
  uint64_t bytes = 0;                            // of all its files
  uint64_t bad_images = 0;                       // left out
  std::vector<StepFigure> steps;                 // in order
  std::vector<std::pair<uint64_t, double>> knn;  // steps done, percent; 0: before the first
  std::vector<std::pair<std::string, std::string>> parameters;  // dotted key, value

  uint64_t steps_done() const { return steps.empty() ? 0 : steps.back().step; }
  std::optional<double> last_loss() const;  // of the last step that has one
  std::optional<double> best_knn() const;   // percent; of the trained network only
  // Of the steps; the first is left out, in which memory is allocated and algorithms are chosen.
  std::optional<double> median_images_per_s() const;
  std::optional<double> peak_bytes() const;  // of the device's memory
};

// Why a folder is no run; empty: it is one (a config.yaml and a metrics.jsonl).
std::string WhyNoRun(const std::string& folder);

// Throws ConfigError for a folder that is no run, or whose config.yaml cannot be read. Lines of
// metrics.jsonl that make no sense, as a crash leaves them, are passed over.
RunRecord ReadRun(const std::string& folder);

// The runs right below a folder, the newest first, and what else is there, with the reason.
struct RunList {
  std::vector<RunRecord> runs;
  std::vector<std::pair<std::string, std::string>> others;  // path, why it is not in the list
};
// Throws ConfigError for a folder that cannot be read.
RunList ListRuns(const std::string& folder);

// The folder that a user means: `name`, else that run in runs/.
std::string FindRun(const std::string& name);

}  // namespace flowtrain
