// The settings that the guide for one 12 GB GPU recommends, each with what it says they are worth.
#pragma once

#include <string>
#include <vector>

#include "pipeline/config/config.h"

namespace flowtrain {

// One way to set it.
struct Variant {
  std::string label;              // "on", "4 x 128"
  std::vector<std::string> sets;  // as --set takes them
  std::string why_not;            // why the machine cannot try it; empty: it can
};

// The first variant is the one that the others are compared with.
struct Setting {
  std::string name, claim;
  std::vector<Variant> variants;
};

// What decides which variants a machine can try.
struct Abilities {
  bool gpu = false;
  bool half_precision = false;  // the device computes in FP16 or BF16
  int cores = 1;                // that this process may use
};

// Reads the parameters of a graph to train.
std::vector<Setting> GuideSettings(const Config& config, const Abilities& abilities);

}  // namespace flowtrain
