#include "nodes/distributed/rendezvous.h"

#include <string>

#include "pipeline/base/error.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {

void FindEachOther(RankStore& store, const Launch& launch,
                   std::chrono::steady_clock::time_point end, double timeout_s) {
  const std::string own = std::to_string(launch.rank), size = std::to_string(launch.ranks);
  if (store.Add("joined/" + own, 1) > 1) {
    throw ConfigError("rank " + own + " is there twice: each process needs a RANK of its own");
  }
  store.Set("ranks/" + own, size);
  for (int rank = 0; rank < launch.ranks; ++rank) {
    const std::string other = std::to_string(rank);
    const auto found = store.Await("ranks/" + other, end);
    if (!found) {
      throw ConfigError("rank " + other + " has not connected within " + ShowDuration(timeout_s) +
                        " (distributed.timeout_s); " + launch.ranks_variable +
                        " says that there are " + size + " ranks: start all of them at a time");
    }
    if (*found != size) {
      throw ConfigError(launch.ranks_variable + " is " + size + " for rank " + own + ", but " +
                        *found + " for rank " + other + ": start all ranks with the same");
    }
  }
}

void LeaveTogether(RankStore& store, const Launch& launch, double timeout_s) {
  store.Set("left/" + std::to_string(launch.rank), "1");
  if (launch.rank != 0) return;
  const auto end = DeadlineIn(timeout_s);
  for (int other = 0; other < launch.ranks; ++other) {
    if (!store.Await("left/" + std::to_string(other), end)) return;
  }
}

}  // namespace flowtrain
