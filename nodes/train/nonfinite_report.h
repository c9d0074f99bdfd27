// What a run whose gradients are no longer finite leaves for whoever looks for the cause.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace flowtrain {

struct NonFiniteReport {
  struct Sample {
    uint64_t id = 0;
    std::string name;  // of its file; may be empty
  };
  uint64_t step = 0, epoch = 0;  // from 0
  uint64_t seed = 0;             // of the run; with epoch and id, the key of a sample's views
  int64_t steps_in_a_row = 0;    // without finite gradients before this one
  double loss = 0, loss_scale = 1;
  std::string layer;            // the first whose output is not finite; empty: all are
  std::string gradient;         // the first parameter whose gradient is not finite; empty: all are
  std::vector<Sample> samples;  // of the window, in its order
};

// Writes it as JSON to `path`. Throws std::runtime_error if that fails.
void WriteNonFiniteReport(const NonFiniteReport& report, const std::string& path);
// "the output of layer backbone.layer3.0.conv2 is not finite": where the trouble begins.
std::string WhereNotFinite(const NonFiniteReport& report);

}  // namespace flowtrain
