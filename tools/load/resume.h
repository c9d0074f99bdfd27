// Where a run goes on, in which folder and with which parameters.
#pragma once

#include <string>
#include <string_view>

#include "nodes/data/dataset.h"
#include "nodes/train/weights/read_checkpoint.h"
#include "pipeline/config/config.h"

namespace flowtrain {

// What the command line says about going on with a run.
struct ResumeRequest {
  bool wanted = false;  // --resume was given
  std::string from;     // its value: a checkpoint, or a run's folder; empty: not given
  bool anyway = false;  // --resume-anyway: whatever parameters have changed
};

// Where a run goes on.
struct ResumePoint {
  std::string checkpoint;    // empty: the run has none yet, and starts
  TrainingState state;       // of the checkpoint
  std::string run_dir;       // to write to; empty: a new folder
  bool same_folder = false;  // run_dir holds the run so far
};

// Finds it by what is given, in this order:
//   a checkpoint's file   it; in `run_dir`, or in a new folder if that is empty
//   a run's folder        its newest whole checkpoint; in that folder unless `run_dir` is another
//   only `run_dir`        the same for `run_dir`; if it has no checkpoint, the run starts there
//   nothing               the run of the newest checkpoint in the folders run.dir/run.name-*
// Throws ConfigError if there is none, or none that is whole.
ResumePoint FindResumePoint(const ResumeRequest& request, const std::string& run_dir,
                            const Config& config);

// Overrides `config` with the parameters of the run so far, except those that say which run it is.
// Parameters that this program no longer knows are left out.
void TakeRunParameters(const ResumePoint& point, Config& config);

// Puts in what the nodes must know about the resume point (run.resume, run.start_step, …).
void PutResumePoint(const ResumePoint& point, Config& config);

// Tells the data set which images the run so far was trained on, so that it refuses to open with
// others, or warns where the request says to go on anyway. A checkpoint of an older version does
// not know them, which a line says.
void ExpectImages(const ResumePoint& point, const ResumeRequest& request, ImageDataset& dataset);

// Compares the resolved parameters, and the graph, with those of the run so far. Warns of changes
// after which the run is the same but for rounding. For other changes throws ConfigError with all
// of them, "key: old -> new", unless the request says to go on anyway: then it warns of them.
void CheckParameters(const ResumePoint& point, const ResumeRequest& request,
                     const std::string& graph, const Config& config);

// The place of a run is counted in steps, so it can go on only where an epoch has as many as before.
// Throws ConfigError where parameters have changed that, whatever the request says, and DataError
// where the data set has.
void CheckEpochLength(const ResumePoint& point, const Config& config, uint64_t steps_per_epoch);

// Whether a parameter may change without a trace in the trained model.
bool IsWithoutTrace(std::string_view key);

}  // namespace flowtrain
