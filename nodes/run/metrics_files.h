// The files that hold the figures of a run.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "nodes/run/event_file.h"

namespace flowtrain {

// metrics.jsonl in a run's folder, one JSON object per line, and what is made from each line:
//   metrics.csv          a row, with the columns of MetricNames, for spreadsheets
//   events.out.tfevents  the figures by step, for TensorBoard; where it is asked for
// The last two are made with the first line, so that a run without a figure has none. Not
// thread-safe. Everything throws std::runtime_error where the disk is full or the write fails
// otherwise.
class MetricsFiles {
 public:
  struct Options {
    std::string folder;
    uint64_t start_step = 0;  // optimiser steps that the run has done already
    bool tensorboard = true;
    std::string configuration;  // YAML, which TensorBoard shows as text
  };

  // Where the folder has a metrics.jsonl, goes on in it: metrics.csv is made anew from its lines.
  explicit MetricsFiles(Options options);
  ~MetricsFiles();
  MetricsFiles(const MetricsFiles&) = delete;
  MetricsFiles& operator=(const MetricsFiles&) = delete;

  void Append(const std::string& json_line);

  // A PNG file for TensorBoard, if that is asked for, at the step of the last line.
  void AppendPicture(std::string_view tag, std::span<const uint8_t> png, int height, int width);

 private:
  void RemakeTable();
  EventFile& Events();

  Options options_;
  std::string metrics_path_, table_path_;
  int metrics_ = -1, table_ = -1;  // descriptors
  std::unique_ptr<EventFile> events_;
  uint64_t step_ = 0;                       // of the last line, from 1
  std::map<std::string, uint64_t> tagged_;  // the step of each tag's last value
};

}  // namespace flowtrain
