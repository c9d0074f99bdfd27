// What `flowtrain bench loader` says: figures in, text or JSON out. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/measure/loader_run.h"

namespace flowtrain {

// The same images on one core: through the engine with one worker, and through its nodes alone.
struct EngineCost {
  ImageCost pipeline, bare;

  double share() const { return 1 - bare.wall_us / pipeline.wall_us; }
  double cpu_share() const { return 1 - bare.cpu_us / pipeline.cpu_us; }
};

struct LoaderReport {
  std::string graph;       // file
  std::string dataset;     // "STL-10, train + unlabeled: 105,000 images 96x96"
  std::vector<int> sides;  // of each view of an image, pixels; at least one
  int batch_size = 0;      // images
  int workers = 0;         // threads of the arena
  int cores = 0;           // that the process may use
  double cpu_quota = 0;    // a cgroup's, in cores; 0: none
  double device_rate = 0;  // images/s of the paced device; 0: none
  LoaderTimes times;
  std::vector<LoaderFigures> runs;  // at least one
  std::vector<EngineCost> engine;   // empty: not measured

  double views() const { return static_cast<double>(sides.size()); }  // per image
};

// A table for people, ending with a newline.
std::string LoaderReportText(const LoaderReport& report);
// One JSON object on one line, without a newline.
std::string LoaderReportJson(const LoaderReport& report);

}  // namespace flowtrain
