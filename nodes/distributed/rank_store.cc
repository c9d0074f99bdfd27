#include "nodes/distributed/rank_store.h"

#include <chrono>
#include <exception>
#include <random>
#include <thread>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>
#include <vector>

#include "nodes/distributed/addresses.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLookEvery(20);
constexpr char kPrefix[] = "flowtrain";

std::string Nonce() {
  std::random_device random;
  return std::to_string((uint64_t{random()} << 32U) | random());
}

std::optional<std::string> TryGetFrom(c10d::Store& store, const std::string& key) {
  if (!store.check({key})) return std::nullopt;
  return store.get_to_str(key);
}

void SetIn(c10d::Store& store, const std::string& key, const std::string& text) {
  store.set(key, std::vector<uint8_t>(text.begin(), text.end()));
}

// torchrun's store outlives the processes that it starts again, with all that they wrote, and its
// count of restarts may differ between machines. So the ranks agree on a name that is new: rank 0's,
// which answers each rank's greeting until that one has taken the name. After `timeout_s` it is
// one's own, under which nobody else will be found.
std::string AgreeOnName(c10d::Store& store, const Launch& launch, double timeout_s) {
  const std::string own = Nonce(), self = std::to_string(launch.rank);
  const auto end = Clock::now() + std::chrono::duration<double>(timeout_s);
  if (launch.rank != 0) SetIn(store, "greeting/" + self, own);
  std::vector<std::string> answered(static_cast<size_t>(launch.ranks));
  for (int other = 1; Clock::now() < end; std::this_thread::sleep_for(kLookEvery)) {
    if (launch.rank != 0) {
      const std::string answer = TryGetFrom(store, "answer/" + self).value_or("");
      if (answer.rfind(own + ' ', 0) != 0) continue;
      const std::string name = answer.substr(own.size() + 1);
      SetIn(store, "taken/" + name + '/' + self, own);
      return name;
    }
    for (int rank = other; rank < launch.ranks; ++rank) {
      const std::string number = std::to_string(rank);
      const std::string greeting = TryGetFrom(store, "greeting/" + number).value_or("");
      std::string& last = answered[static_cast<size_t>(rank)];
      if (greeting != last) SetIn(store, "answer/" + number, greeting + ' ' + own);
      last = greeting;
    }
    while (other < launch.ranks && store.check({"taken/" + own + '/' + std::to_string(other)})) {
      ++other;
    }
    if (other == launch.ranks) break;
  }
  return own;
}

}  // namespace

Clock::time_point DeadlineIn(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

RankStore::RankStore(const Launch& launch, const std::string& own_address, double timeout_s) {
  c10d::TCPStoreOptions options;
  options.port = launch.port;
  options.isServer = launch.rank == 0 && !launch.agent_store;
  options.waitWorkers = false;
  options.timeout = std::chrono::milliseconds(static_cast<int64_t>(timeout_s * 1000));
  if (options.isServer) options.masterListenFd = ListenOn(own_address, launch.port);
  const std::string host = options.isServer ? own_address : launch.address;
  try {
    store_ = c10::make_intrusive<c10d::PrefixStore>(
        kPrefix, c10::make_intrusive<c10d::TCPStore>(host, options));
    if (launch.agent_store) {
      store_ =
          c10::make_intrusive<c10d::PrefixStore>(AgreeOnName(*store_, launch, timeout_s), store_);
    }
  } catch (const std::exception&) {
    throw ConfigError("rank " + std::to_string(launch.rank) + " cannot reach " +
                      (launch.agent_store ? "torchrun" : "rank 0") + " at " + launch.address + ':' +
                      std::to_string(launch.port) + " within " + ShowDuration(timeout_s) +
                      " (distributed.timeout_s): is it running, and are MASTER_ADDR and "
                      "MASTER_PORT the same for all ranks?");
  }
}

RankStore::RankStore(c10::intrusive_ptr<c10d::Store> store) : store_(std::move(store)) {}

RankStore RankStore::OfOneProcess() { return RankStore(c10::make_intrusive<c10d::HashStore>()); }

RankStore RankStore::Copy() const { return RankStore(store_->clone()); }

void RankStore::Set(const std::string& key, const std::string& text) { SetIn(*store_, key, text); }

std::optional<std::string> RankStore::TryGet(const std::string& key) {
  return TryGetFrom(*store_, key);
}

std::optional<std::string> RankStore::Await(const std::string& key, Clock::time_point end,
                                            const std::function<bool()>& in_vain) {
  for (;;) {
    if (auto text = TryGet(key)) return text;
    if (Clock::now() > end || (in_vain && in_vain())) return std::nullopt;
    std::this_thread::sleep_for(kLookEvery);
  }
}

int64_t RankStore::Add(const std::string& key, int64_t number) { return store_->add(key, number); }

}  // namespace flowtrain
