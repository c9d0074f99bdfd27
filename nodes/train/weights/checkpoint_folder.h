// The checkpoints of a run: which there are, and which are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "nodes/run/run_dir.h"

namespace flowtrain {

// "step-00000123.safetensors"
std::string CheckpointName(uint64_t steps_done);

// The checkpoints in a run's folder or in its checkpoints folder, newest first. Throws nothing.
std::vector<std::string> ListCheckpoints(const std::string& folder);

// RUN/checkpoints. Keeps the newest files and the best one, which best.json names. Not thread-safe.
class CheckpointFolder {
 public:
  // The `keep` newest ones stay (1 or more), and with `keep_best` the best one too.
  CheckpointFolder(const std::string& run_dir, int keep, bool keep_best);

  // Makes the folder, or takes over that of a run that goes on after `steps_done` steps: files that
  // a crash left half-written are removed; checkpoints of later steps, which belong to a course
  // that is given up, are moved to the folder `abandoned`, with a warning. Throws
  // std::runtime_error if the disk fails.
  void Open(uint64_t steps_done);

  std::string PathOf(uint64_t steps_done) const;
  size_t size() const { return steps_.size(); }  // the files that count among the newest
  // The steps done in the newest of them, which is that of a finite network; empty: there is none.
  std::optional<uint64_t> newest() const {
    return steps_.empty() ? std::nullopt : std::optional(steps_.back());
  }
  // Notes that the file PathOf names is on the disk, and removes the oldest ones. One of a
  // network that is not finite is never the best, and stays only until the next one is written: it
  // must not drive out those from which a run can go on.
  void Add(uint64_t steps_done, bool finite = true);
  // How good the epoch that ended with that step was. The best checkpoint is the one with the
  // highest kNN accuracy or, as long as none was measured, the lowest loss.
  void Judge(uint64_t steps_done, const EpochFigures& figures);

 private:
  struct Best {
    uint64_t steps_done = 0;
    EpochFigures figures;
  };

  void SetAside(const std::string& path) const;
  // What best.json says; empty if its checkpoint is missing.
  std::optional<Best> ReadBest() const;
  void WriteBest() const;
  void RemoveOld();

  const std::string folder_;
  const size_t keep_;
  const bool keep_best_;
  std::deque<uint64_t> steps_;          // of the files that count among the newest, oldest first
  std::optional<uint64_t> not_finite_;  // of the file that is not finite, if there is one
  std::optional<Best> best_;
};

}  // namespace flowtrain
