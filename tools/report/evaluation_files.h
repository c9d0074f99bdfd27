// What evaluations of a run have written, for the page.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tools/runs/run_record.h"

namespace flowtrain {

// The files are looked for in the run's folder, and in those of evaluations of it beside that. A file
// that is none of this format is passed over.

// [{from, classes, counts}], or [{from, picture}] of a version that wrote no confusion.json.
nlohmann::ordered_json ConfusionsOf(const RunRecord& run);

// The newest embedding.json with where it is `from`, the run's own first; null: there is none.
nlohmann::ordered_json EmbeddingOf(const RunRecord& run);

// What the page cannot show of the run, and how to get it; empty: nothing is missing.
std::string MissingOf(const RunRecord& run, bool no_confusion, bool no_embedding);

}  // namespace flowtrain
