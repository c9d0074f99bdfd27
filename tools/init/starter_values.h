// The values of a starter configuration.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nodes/data/dataset.h"
#include "pipeline/base/cpu_limits.h"
#include "pipeline/config/config.h"
#include "tools/init/image_sizes.h"

namespace flowtrain {

// What is known of the data set.
struct DataFacts {
  DatasetKind kind = DatasetKind::kFolder;
  std::string root;                 // absolute
  std::string description;          // "folder photos, train: 80 images in 4 classes"
  uint64_t images = 0;              // to train on
  std::vector<std::string> splits;  // that they are in; empty: none
  std::vector<std::string> classes;
  std::string judged_on;  // "folder photos, val (16 images)"; empty: there is no evaluation
  std::string why_not_judged;
  ShorterSides sides;
};

// What is known of the machine.
struct HostFacts {
  CpuLimits cpu;
  std::string gpu;          // its name; empty: there is none to use
  uint64_t gpu_bytes = 0;   // of its memory; 0: not known
  std::string gpu_trouble;  // why the GPU that is there cannot be used; empty: there is none
};

struct StarterValues {
  Config figures;      // parameters of the shipped files that are nearest to data and machine
  std::string file;    // the one that is nearest to the machine: "configs/gpu_8gb.yaml"
  bool small = false;  // the recipe is that of configs/cifar10_config.yaml
  int image_size = 0;
  int batch_size = 0, accumulation = 0;
  bool auto_accumulation = false;  // the figures are not for such images or such a GPU
  int full_batch_size = 0;         // before it was lowered to the images that there are
  std::string learning_rate;
  std::string workers;  // of data.num_workers

  int effective_batch() const { return batch_size * accumulation; }
};

// Throws ConfigError for a data set of one image, from which nothing can be learnt by comparing.
StarterValues ChooseValues(const DataFacts& data, const HostFacts& host);

}  // namespace flowtrain
