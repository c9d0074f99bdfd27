// The folder a run writes to.
#pragma once

#include <mutex>
#include <string>
#include <utility>

#include "pipeline/node.h"

namespace flowtrain {

// Makes the folder ROOT/NAME-YYYYmmdd-HHMMSS (or the one that `path` names) and keeps in it
//   config.yaml    the resolved configuration
//   log.txt        the log, all but debug lines
//   metrics.jsonl  one JSON object a line: one a step, one an epoch
// Other nodes put their files (checkpoints) under path(). A folder serves one run at a time.
//
// Example:
//   run_dir: {type: RunDir, options: {root: runs, name: simclr, path: "${run.path}"}}
class RunDir final : public Resource {
 public:
  static void Declare(NodeSpec& spec);

  // What config.yaml will hold. Call it before Open.
  void SetResolvedConfig(std::string yaml) { resolved_config_ = std::move(yaml); }
  const std::string& resolved_config() const { return resolved_config_; }

  // Throws ConfigError for a folder that is in use or holds another run, std::runtime_error where
  // it cannot be written.
  void Open(const OpenContext&) override;
  // The log stays open till here, so that it holds the error that ended the run.
  ~RunDir() override;

  const std::string& path() const { return path_; }
  // Appends one line to metrics.jsonl, at once. Throws std::runtime_error when the disk is full or
  // the write fails otherwise. Thread-safe.
  void AppendMetrics(const std::string& json_line);

 private:
  void MakeNamed();
  void MakeDated();
  void Lock();

  std::string root_, name_, named_path_, resume_;  // options
  std::string path_, resolved_config_;
  int folder_ = -1;  // descriptor that holds the lock
  std::mutex mutex_;
  int metrics_ = -1;  // descriptor of metrics.jsonl
};

}  // namespace flowtrain
