#include "nodes/data/shard_cache.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <filesystem>
#include <system_error>
#include <tuple>
#include <utility>

#include "nodes/data/shard_download.h"
#include "nodes/data/shard_limit.h"
#include "nodes/web/download.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/cache_folder.h"
#include "pipeline/base/log.h"
#include "pipeline/base/memory_budget.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kInUseS = 600;  // a shard of another program that was used since then is in use
constexpr int64_t kTouchEveryS = 30;
constexpr int64_t kTellAfterNs = 5 * kSecondNs, kTellEveryNs = 30 * kSecondNs;
constexpr std::chrono::milliseconds kLookEvery{100}, kLookSeldom{1000};

std::string NameIn(const std::string& address) { return address.substr(address.rfind('/') + 1); }

std::string FolderOf(const RemoteOptions& options) {
  if (!options.cache_dir.empty()) return options.cache_dir;
  return UserCacheFolder() + "/shards";
}

}  // namespace

ShardCache::ShardCache(std::vector<RemoteShard> shards, const RemoteOptions& options,
                       size_t at_a_time, const OptionNames& names, std::function<bool()> stop)
    : shards_(std::move(shards)),
      options_(options),
      stop_(std::move(stop)),
      folder_(FolderOf(options), NameOf(names, "cache_dir")),
      states_(shards_.size()) {
  limit_bytes_ =
      ParseMemorySize(options_.cache_limit, folder_.FreeBytes() + folder_.BytesOfShards());
  std::vector<uint64_t> sizes;
  sizes.reserve(shards_.size());
  for (const RemoteShard& shard : shards_) sizes.push_back(shard.bytes);
  CheckShardLimit(std::move(sizes), at_a_time, limit_bytes_, names);
  uint64_t smallest = UINT64_MAX;
  for (uint32_t i = 0; i < shards_.size(); ++i) {
    const RemoteShard& shard = shards_[i];
    State& state = states_[i];
    state.file = ShardFolder::NameFor(shard.address, shard.validator, shard.bytes);
    std::error_code error;
    state.whole =
        std::filesystem::file_size(folder_.PathOf(state.file), error) == shard.bytes && !error;
    by_file_[state.file] = i;
    smallest = std::min(smallest, std::max<uint64_t>(shard.bytes, 1));
  }
  most_expected_ = std::clamp<uint64_t>(limit_bytes_ / smallest, 1, shards_.size());
  // An earlier run may have had a higher limit. No shard is wanted yet.
  std::vector<std::string> removed;
  folder_.Trim(
      limit_bytes_,
      [this](const std::vector<CachedShard>& there) { return Removable(0, false, there); },
      &removed);
  Forget(removed);
  const size_t threads =
      std::min(static_cast<size_t>(options_.download_connections), shards_.size());
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

ShardCache::~ShardCache() {
  closing_ = true;
  work_.notify_all();
  done_.notify_all();
  threads_.clear();
}

int ShardCache::Open(uint32_t shard) {
  std::unique_lock lock(mutex_);
  State& state = states_[shard];
  if (follows_ && shard != last_) {
    last_ = shard;
    std::vector<uint32_t> next;
    for (size_t i = shard; i < shards_.size() && next.size() < most_expected_; ++i) {
      next.push_back(static_cast<uint32_t>(i));
    }
    SetPlan(std::move(next));
  }
  for (;;) {
    if (!state.whole) WaitFor(shard, lock);
    const std::string path = folder_.PathOf(state.file);
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT) {
      throw DataError("cannot open " + path + ": " + std::generic_category().message(errno));
    }
    if (fd < 0) {  // another program has removed it
      state.whole = false;
      continue;
    }
    const int64_t now_s = static_cast<int64_t>(NowNs() / kSecondNs);
    if (now_s - state.touched_s >= kTouchEveryS) {
      futimens(fd, nullptr);
      state.touched_s = now_s;
    }
    return fd;
  }
}

void ShardCache::Expect(std::vector<uint32_t> shards) {
  const std::lock_guard lock(mutex_);
  follows_ = false;
  SetPlan(std::move(shards));
}

void ShardCache::SetPlan(std::vector<uint32_t> shards) {
  for (const uint32_t shard : plan_) states_[shard].rank = UINT32_MAX;
  plan_ = std::move(shards);
  for (uint32_t i = 0; i < plan_.size(); ++i) {
    State& state = states_[plan_[i]];
    state.rank = std::min(state.rank, i);
  }
  work_.notify_all();
}

void ShardCache::WaitFor(uint32_t shard, std::unique_lock<std::mutex>& lock) {
  State& state = states_[shard];
  if (state.wanted++ == 0) state.failed = false;
  if (waiting_++ == 0) BeginWait();
  waits_for_ = shard;
  work_.notify_all();
  while (!state.whole && !state.failed && !stopped()) {
    done_.wait_for(lock, kLookEvery);
    const auto now = static_cast<int64_t>(NowNs());
    if (now - wait_began_ns_ < kTellAfterNs || now - told_ns_ < kTellEveryNs) continue;
    told_ns_ = now;
    LogInfo("waiting for " + Progress(waits_for_));
  }
  --state.wanted;
  if (--waiting_ == 0) EndWait();
  if (state.whole) return;
  if (state.failed) throw DataError(state.error);
  throw Interrupted("interrupted while waiting for " + shards_[shard].address);
}

void ShardCache::BeginWait() { wait_began_ns_ = static_cast<int64_t>(NowNs()); }

void ShardCache::EndWait() {
  wait_.seconds += static_cast<double>(static_cast<int64_t>(NowNs()) - wait_began_ns_) * 1e-9;
}

std::string ShardCache::Progress(uint32_t shard) const {
  const auto megabytes = [](uint64_t bytes) {
    return ShowFixed(static_cast<double>(bytes) * 1e-6, bytes < 10'000'000 ? 1 : 0);
  };
  return NameIn(shards_[shard].address) + ": " + megabytes(states_[shard].done) + " of " +
         megabytes(shards_[shard].bytes) + " MB";
}

DownloadWait ShardCache::wait() const {
  const std::lock_guard lock(mutex_);
  DownloadWait wait = wait_;
  if (waiting_ > 0) {
    wait.seconds += static_cast<double>(static_cast<int64_t>(NowNs()) - wait_began_ns_) * 1e-9;
    wait.now = Progress(waits_for_);
  }
  return wait;
}

void ShardCache::Work() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (stopped()) {  // every wait ends
      work_.wait_for(lock, kLookEvery);
      continue;
    }
    uint32_t shard = 0;
    bool found = false;
    try {
      found = Next(&shard);
    } catch (const std::exception& error) {  // the folder cannot be written
      states_[shard].failed = true;
      states_[shard].error = error.what();
      done_.notify_all();
    }
    if (!found) {
      // Other programs may make room, or finish a download, unseen.
      work_.wait_for(lock, waiting_ > 0 ? kLookEvery : kLookSeldom);
      continue;
    }
    State& state = states_[shard];
    state.on_its_way = true;
    state.done = 0;
    lock.unlock();
    DownloadOne(shard);
    lock.lock();
    state.on_its_way = false;
    done_.notify_all();
    work_.notify_all();
  }
}

bool ShardCache::Next(uint32_t* shard) {
  const auto is_to_come = [](const State& state) {
    return !state.whole && !state.on_its_way && !state.failed;
  };
  const auto takes = [&](uint32_t i, bool is_wanted) {
    *shard = i;
    std::error_code error;
    if (std::filesystem::file_size(folder_.PathOf(states_[i].file), error) == shards_[i].bytes &&
        !error) {  // another program has downloaded it
      states_[i].whole = true;
      done_.notify_all();
      return false;
    }
    return TakeRoom(i, is_wanted);
  };
  if (waiting_ > 0) {
    for (uint32_t i = 0; i < states_.size(); ++i) {
      if (states_[i].wanted > 0 && is_to_come(states_[i]) && takes(i, true)) return true;
    }
  }
  for (const uint32_t i : plan_) {
    if (!is_to_come(states_[i])) continue;
    if (takes(i, false)) return true;
    if (!states_[i].whole) return false;  // there is no room, and none for those after it
  }
  return false;
}

bool ShardCache::TakeRoom(uint32_t shard, bool is_wanted) {
  std::vector<std::string> removed;
  const bool taken = folder_.TakeRoom(
      states_[shard].file, shards_[shard].bytes, limit_bytes_,
      [&](const std::vector<CachedShard>& there) { return Removable(shard, is_wanted, there); },
      &removed);
  Forget(removed);
  return taken;
}

void ShardCache::Forget(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    const auto own = by_file_.find(file);
    if (own != by_file_.end()) states_[own->second].whole = false;
  }
}

std::vector<std::string> ShardCache::Removable(uint32_t shard, bool is_wanted,
                                               const std::vector<CachedShard>& there) const {
  enum Class : int { kNotExpected, kOthersUnused, kNeededLater, kOthersUsed };
  std::vector<std::tuple<int, int64_t, std::string>> order;
  for (const CachedShard& file : there) {
    const auto own = by_file_.find(file.name);
    if (own == by_file_.end()) {
      const bool used = file.unused_s < kInUseS;
      if (used && !is_wanted) continue;
      order.emplace_back(used ? kOthersUsed : kOthersUnused, -file.unused_s, file.name);
      continue;
    }
    const State& state = states_[own->second];
    if (state.wanted > 0) continue;
    if (state.rank == UINT32_MAX) {
      order.emplace_back(kNotExpected, -file.unused_s, file.name);
    } else if (is_wanted || state.rank > states_[shard].rank) {
      order.emplace_back(kNeededLater, -int64_t{state.rank}, file.name);
    }
  }
  std::sort(order.begin(), order.end());
  std::vector<std::string> names;
  names.reserve(order.size());
  for (auto& entry : order) names.push_back(std::move(std::get<2>(entry)));
  return names;
}

void ShardCache::DownloadOne(uint32_t shard) {
  State& state = states_[shard];
  const RemoteShard& of = shards_[shard];
  std::string why;
  try {
    DownloadShard(of, options_,
                  {.part = folder_.PartOf(state.file, of.bytes),
                   .path = folder_.PathOf(state.file),
                   .progress = [&state](uint64_t bytes) { state.done = bytes; },
                   .stop = [this] { return stopped(); }});
  } catch (const DownloadBusy&) {
    std::this_thread::sleep_for(kLookEvery);  // Work comes back to it
    return;
  } catch (const Interrupted&) {
    return;
  } catch (const std::exception& error) {
    why = error.what();
  }
  const std::lock_guard lock(mutex_);
  if (why.empty()) {
    state.whole = true;
    state.touched_s = static_cast<int64_t>(NowNs() / kSecondNs);
    ++wait_.shards;
    wait_.bytes += of.bytes;
  } else {
    state.failed = true;
    state.error = why;
  }
}

}  // namespace flowtrain
