#include "nodes/distributed/connect_ranks.h"

#include <fstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "nodes/distributed/nccl_library.h"
#include "nodes/distributed/rank_faults.h"
#include "nodes/distributed/through_host.h"
#include "pipeline/base/host_name.h"
#include "pipeline/base/log.h"

namespace flowtrain {
namespace {

// Which machine this is: containers and namespaces of one have the same.
std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

BackendOffer Offer(Backend wanted, c10::Device device) {
  BackendOffer offer;
  offer.wanted = wanted;
  offer.cuda = device.is_cuda();
  if (!offer.cuda) {
    offer.no_nccl = "it computes on " + device.str() + ", and NCCL is for NVIDIA GPUs";
    return offer;
  }
  if (wanted == Backend::kGloo) return offer;
  const NcclLibrary nccl = OpenNcclLibrary();
  offer.no_nccl = nccl.missing;
  if (nccl.plugin == nullptr) return offer;
  offer.gpu = BootId() + ' ' + nccl.plugin->address_of(device);
  offer.place = "GPU " + std::to_string(device.index()) + " of host " + HostName();
  return offer;
}

// Of all ranks, in their order.
std::vector<BackendOffer> ExchangeOffers(RankStore& store, const Launch& launch,
                                         const BackendOffer& own, double timeout_s) {
  if (launch.ranks == 1) return {own};
  store.Set("backend/" + std::to_string(launch.rank), ToText(own));
  std::vector<BackendOffer> offers;
  const auto end = DeadlineIn(timeout_s);
  for (int other = 0; other < launch.ranks; ++other) {
    const auto text = store.Await("backend/" + std::to_string(other), end,
                                  [&] { return HasToldOfFailure(store, other); });
    if (!text) throw std::runtime_error("rank " + std::to_string(other) + " does not answer");
    offers.push_back(ToOffer(*text));
  }
  return offers;
}

std::unique_ptr<Collectives> ConnectByNccl(RankStore& store, const Launch& launch,
                                           const ConnectOptions& options) {
  return OpenNcclLibrary().plugin->make({.store = store.Copy().raw(),
                                         .rank = launch.rank,
                                         .ranks = launch.ranks,
                                         .device = options.device,
                                         .interface = options.interface,
                                         .timeout_s = options.timeout_s});
}

std::unique_ptr<Collectives> ConnectByGloo(RankStore& store, const Launch& launch,
                                           const ConnectOptions& options) {
  RequireGloo();
  // The loopback address is not that of an interface's name everywhere.
  auto gloo = MakeGloo(store, {.rank = launch.rank,
                               .ranks = launch.ranks,
                               .address = options.address,
                               .interface = options.interface == kLoopback ? "" : options.interface,
                               .timeout_s = options.timeout_s,
                               .log = options.log});
  if (options.device.is_cpu()) return gloo;
  return std::make_unique<ThroughHost>(std::move(gloo), options.device);
}

}  // namespace

std::unique_ptr<Collectives> ConnectRanks(RankStore& store, const Launch& launch,
                                          const ConnectOptions& options) {
  const BackendOffer own = Offer(options.wanted, options.device);
  const BackendChoice choice = ChooseBackend(ExchangeOffers(store, launch, own, options.timeout_s));
  if (!choice.warning.empty() && launch.rank == 0) LogWarning(choice.warning);
  return choice.nccl ? ConnectByNccl(store, launch, options)
                     : ConnectByGloo(store, launch, options);
}

}  // namespace flowtrain
