// What holds a run back, and what to change.
#pragma once

#include <string>

#include "pipeline/runtime/snapshot.h"
#include "tools/timing/run_load.h"

namespace flowtrain {

struct Verdict {
  Limit limit;             // what holds the run back as it is set
  double predicted = 0;    // images a second with the change, 0 where there is none to make
  GraphSettings settings;  // with the change
  Limit next;              // what would hold it back then
  std::string sentence;    // all of it, for people
};

// Of a part of a run: its figures, and the load that stands for them (LoadOf, with what was
// measured alone where it was).
Verdict VerdictOf(const Snapshot& part, const RunLoad& load, const Capacity& most);

}  // namespace flowtrain
