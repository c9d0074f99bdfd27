// The processes that train one network together, as nodes without libtorch see them.
#pragma once

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
};

}  // namespace flowtrain
