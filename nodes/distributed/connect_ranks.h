// Collectives over the ranks of a launch, by the backend that they agree on.
#pragma once

#include <c10/core/Device.h>

#include <memory>
#include <string>

#include "nodes/distributed/backend.h"
#include "nodes/distributed/collective_log.h"
#include "nodes/distributed/collectives.h"
#include "nodes/distributed/launch/launch.h"
#include "nodes/distributed/rank_store.h"

namespace flowtrain {

// The interface of a machine's ranks that are alone with each other.
inline constexpr char kLoopback[] = "lo";

// Of this rank.
struct ConnectOptions {
  Backend wanted = Backend::kAuto;
  c10::Device device{c10::kCPU};  // of the tensors
  std::string address;            // of this machine, to listen on
  std::string interface;          // the same by name; empty: not named
  double timeout_s = 0;           // of connecting, and of each call
  CollectiveLog* log = nullptr;   // outlives the collectives
};

// Tells the others what this rank can use, makes the same choice as they do (ChooseBackend), and
// connects with them. Throws ConfigError as ChooseBackend and RequireGloo do, std::runtime_error
// where a rank does not answer, and what the transport throws.
std::unique_ptr<Collectives> ConnectRanks(RankStore& store, const Launch& launch,
                                          const ConnectOptions& options);

}  // namespace flowtrain
