// Features that several ranks compute, each those of its own images.
#pragma once

#include <cstdint>

#include "nodes/distributed/rank_group.h"
#include "nodes/evaluate/features.h"

namespace flowtrain {

// How a rank's part of the images ended; of several ranks the worst counts.
enum class PartEnd : int64_t { kDone, kStopped, kOutOfMemory };

// The images of rank r of R among n: from floor(r n / R) up to floor((r + 1) n / R).
ImageRange RangeOf(uint64_t images, int rank, int ranks);

// On every rank the features of all of them, in the order of the images, with the bad images of all;
// none unless all parts are done. `end` says how this rank's part ended, and becomes how all of them
// did. All ranks call it; a rank without features has those of `none`, [0, D].
Features GatherFeatures(const Features& own, const at::Tensor& none, RankGroup& ranks,
                        PartEnd& end);

// On rank 0 the rows of all ranks' tables, in the order of the ranks; on the others, whose memory that
// must not cost, an empty table. All ranks call it; a rank without rows gives a table without columns.
// `at_a_time`: numbers of a rank that a call carries.
FeatureTable GatherForLeader(const FeatureTable& own, RankGroup& ranks,
                             int64_t at_a_time = int64_t{1} << 24);

}  // namespace flowtrain
