// The folder a run writes to.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "nodes/run/bad_image_file.h"
#include "nodes/run/metrics_files.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// The results of an epoch.
struct EpochFigures {
  double loss = 0;                 // mean over its steps; NaN where not all of them are known
  std::optional<double> knn_top1;  // percent; where it was evaluated
};

// Makes the folder ROOT/NAME-YYYYmmdd-HHMMSS (or the one that `path` names) and keeps in it
//   config.yaml    the resolved configuration
//   log.txt        the log, all but debug lines
//   metrics.jsonl  one JSON object per line: one per step, one per epoch; and what MetricsFiles
//                  makes from it, metrics.csv and TensorBoard's event file
//   bad_images.csv the images that are left out, once there is one
// Other nodes put their files (checkpoints) under path(). A folder serves one run at a time. A run
// that goes on in its folder removes what metrics.jsonl says about later steps (RewindMetrics), so
// that no step is there twice. Of several ranks only rank 0 has a folder: for the others path() is
// empty, and what they give is dropped.
//
// Example:
//   run_dir: {type: RunDir, options: {root: runs, name: simclr, path: "${run.path}"}}
class RunDir final : public Resource {
 public:
  static void Declare(NodeSpec& spec);

  // What config.yaml will hold. Call it before Open.
  void SetResolvedConfig(std::string yaml) { resolved_config_ = std::move(yaml); }
  const std::string& resolved_config() const { return resolved_config_; }
  // Name of the run's graph. Call it before Open.
  void SetGraph(std::string name) { graph_ = std::move(name); }
  const std::string& graph() const { return graph_; }
  // A run that goes on leaves its folder as it was until Begin: what is opened later may still
  // refuse the run. Call it before Open.
  void BeginLater() { begins_later_ = true; }

  // Throws ConfigError for a folder that is in use or holds another run, std::runtime_error where
  // it cannot be written.
  void Open(const OpenContext&) override;
  // Writes config.yaml and opens the other files. Open does it itself but for a run that goes on
  // and begins later. Does nothing where it is done.
  void Begin();
  // The log stays open until here, so that it holds the error that ended the run.
  ~RunDir() override;

  const std::string& path() const { return path_; }
  // Appends one line to metrics.jsonl, and what follows from it to the other files, at once. Throws
  // std::runtime_error when the disk is full or the write fails otherwise. Thread-safe.
  void AppendMetrics(const std::string& json_line);
  // Whether TensorBoard's file is written, and a PNG file for it, at the step of the last line.
  // Thread-safe.
  bool tensorboard() const { return tensorboard_ && has_folder_; }
  void AppendPicture(std::string_view tag, std::span<const uint8_t> png, int height, int width);

  // The run's bad_images.csv.
  BadImageFile& bad_images() { return *bad_images_; }

  // Records the results of the epoch that ended with a step, the `steps_done`-th of the run, for
  // others to ask for. Only the last epoch's figures are kept. Thread-safe.
  void NoteEpoch(uint64_t steps_done, const EpochFigures& figures);
  std::optional<EpochFigures> FiguresOf(uint64_t steps_done) const;

  // The kNN accuracy of the untrained backbone, percent, which goes with the run wherever it is
  // resumed; empty if there is none. Only for the device lane.
  void NoteStart(std::optional<double> knn_top1) { knn_top1_start_ = knn_top1; }
  std::optional<double> knn_top1_start() const { return knn_top1_start_; }
  // What a user should know of a network that is not finite in the newest checkpoint; empty: it is
  // finite. Thread-safe.
  void NoteDivergence(std::string what);
  std::string divergence() const;
  // Optimiser steps of the run before it was resumed.
  uint64_t start_step() const { return static_cast<uint64_t>(start_step_); }

 private:
  void TakeUp(const std::string& metrics);
  void MakeNamed();
  void MakeDated();
  void Lock();

  std::string root_, name_, named_path_;  // options
  bool go_on_ = false;
  int64_t start_step_ = 0;
  bool tensorboard_ = true;

  bool begins_later_ = false;
  bool has_folder_ = true;
  std::string path_, header_, resolved_config_, graph_;
  int folder_ = -1;  // descriptor that holds the lock
  mutable std::mutex mutex_;
  std::optional<MetricsFiles> metrics_;
  std::optional<BadImageFile> bad_images_;
  uint64_t epoch_end_ = 0;
  std::optional<EpochFigures> epoch_;
  std::optional<double> knn_top1_start_;
  std::string divergence_;
};

// Whether a run can have the folder `path`, which need not be there. Makes nothing. Throws
// ConfigError for one that holds something else than a run that is to go on, std::runtime_error
// where it cannot be made or written.
void CheckRunFolder(const std::string& path, bool go_on);

}  // namespace flowtrain
