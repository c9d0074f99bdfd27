// Shards that are on a server, downloaded before they are needed, as many as a folder may hold.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "nodes/data/image_set.h"
#include "nodes/data/option_names.h"
#include "nodes/data/remote_options.h"
#include "nodes/data/remote_shard.h"
#include "nodes/data/shard_folder.h"

namespace flowtrain {

// Downloads on threads of its own. A shard that somebody waits for comes first, then those that are
// expected, the first one first. To make room it removes what is needed last; it never removes a
// shard that somebody waits for. The folder may be shared with other programs, whose shards it
// removes only where they have not been used for a while, or where somebody waits.
class ShardCache {
 public:
  // `at_a_time`: shards that are needed at the same time. `stop`, which may be empty, ends every
  // wait. Throws ConfigError where the limit is too small.
  ShardCache(std::vector<RemoteShard> shards, const RemoteOptions& options, size_t at_a_time,
             const OptionNames& names, std::function<bool()> stop);
  ~ShardCache();
  ShardCache(const ShardCache&) = delete;
  ShardCache& operator=(const ShardCache&) = delete;

  // A descriptor of the shard's file, which the caller closes. Waits until it is there. Throws
  // DataError where it cannot be had, Interrupted where `stop` says so. Any thread may call it.
  int Open(uint32_t shard);
  // The shards that are needed from now on, in this order. Without a call, those that follow the
  // one that was opened last.
  void Expect(std::vector<uint32_t> shards);
  // How many shards it is of use to expect.
  size_t most_expected() const { return most_expected_; }
  DownloadWait wait() const;

 private:
  struct State {
    std::string file;            // in the folder
    uint32_t rank = UINT32_MAX;  // among those expected
    int wanted = 0;              // who waits for it
    bool whole = false, on_its_way = false;
    bool failed = false;  // until somebody asks for it again
    std::string error;
    int64_t touched_s = 0;
    std::atomic<uint64_t> done{0};
  };

  void Work();
  bool Next(uint32_t* shard);
  bool TakeRoom(uint32_t shard, bool is_wanted);
  void Forget(const std::vector<std::string>& files);
  std::vector<std::string> Removable(uint32_t shard, bool is_wanted,
                                     const std::vector<CachedShard>& there) const;
  void DownloadOne(uint32_t shard);
  void WaitFor(uint32_t shard, std::unique_lock<std::mutex>& lock);
  void BeginWait();
  void EndWait();
  std::string Progress(uint32_t shard) const;
  void SetPlan(std::vector<uint32_t> shards);
  bool stopped() const { return closing_ || (stop_ && stop_()); }

  const std::vector<RemoteShard> shards_;
  const RemoteOptions options_;
  const std::function<bool()> stop_;
  const ShardFolder folder_;
  uint64_t limit_bytes_ = 0;
  size_t most_expected_ = 1;
  std::unordered_map<std::string, uint32_t> by_file_;

  mutable std::mutex mutex_;  // guards all that follows
  std::condition_variable work_, done_;
  std::vector<State> states_;
  std::vector<uint32_t> plan_;
  bool follows_ = true;  // the plan is what follows the shard that was opened last
  uint32_t last_ = UINT32_MAX;
  int waiting_ = 0;
  uint32_t waits_for_ = 0;
  int64_t wait_began_ns_ = 0, told_ns_ = 0;
  DownloadWait wait_;
  std::atomic<bool> closing_{false};
  std::vector<std::jthread> threads_;
};

}  // namespace flowtrain
