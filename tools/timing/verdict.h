// What holds a run back, and what to change.
#pragma once

#include <string>

#include "pipeline/runtime/snapshot.h"
#include "tools/timing/run_load.h"

namespace flowtrain {

struct Verdict {
  Limit limit;             // what holds the run back with its present settings
  std::string node;        // the one that this is about, or that takes most of it; may be empty
  double predicted = 0;    // images per second with the change, 0 if there is none to make
  GraphSettings settings;  // with the change
  Limit next;              // what would hold it back then
  std::string sentence;    // all of it, for people
};

// Judges a part of a run by its figures and its load (LoadOf, with what was measured alone, if
// anything was).
Verdict VerdictOf(const Snapshot& part, const RunLoad& load, const Capacity& most);

}  // namespace flowtrain
