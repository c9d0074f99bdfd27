// The processes that train one network together, as nodes without libtorch see them.
#pragma once

#include <string>
#include <vector>

#include "pipeline/node/node.h"

namespace flowtrain {

// One process, a rank, of `ranks()` that work on the same windows. A graph that is not launched as
// several processes has one rank.
class Ranks : public Resource {
 public:
  virtual int rank() const = 0;   // of this process, from 0
  virtual int ranks() const = 0;  // of the run
  // Whether this process shows the run, writes its folder and evaluates: the others compute alone.
  bool leads() const { return rank() == 0; }
  bool several() const { return ranks() > 1; }

  // This process wants the run to stop: within a second or so all ranks know. Neither call waits;
  // any thread may make them.
  virtual void AskToStop() = 0;
  virtual bool asked_to_stop() const = 0;  // one of the ranks has, or has failed
  // The text of each rank, in their order. All ranks call it, and wait however long the slowest
  // takes, as long as it lives. Throws where a rank does not.
  virtual std::vector<std::string> GatherTexts(const std::string& own) = 0;
};

}  // namespace flowtrain
