// What a user does after a training run.
#pragma once

#include <string>
#include <vector>

namespace flowtrain {

struct RunEnd {
  std::string graph;       // as it was named on the command line
  std::string run_dir;     // the run's folder
  std::string checkpoint;  // the newest; empty: there is none
  bool interrupted = false;
  bool on_samples = false;  // trained on the built-in pictures
};

// At most six lines: where the weights are, and commands to copy, which are indented. Of a run that
// was interrupted, how it goes on comes first.
std::vector<std::string> NextSteps(const RunEnd& end);

}  // namespace flowtrain
