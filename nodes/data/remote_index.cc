#include "nodes/data/remote_index.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "nodes/data/shard_cache.h"
#include "nodes/data/shard_request.h"
#include "nodes/data/tar_index_cache.h"
#include "nodes/web/download.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/cache_folder.h"
#include "pipeline/base/log.h"
#include "pipeline/base/progress_line.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

[[noreturn]] void CannotAsk(const std::string& address, const std::exception& error) {
  throw DataError("cannot download " + address + ": " + error.what());
}

// What stands in the file of indexes on the server; empty where there is none.
TarIndexes IndexesOnServer(const TarShards& shards, const RemoteOptions& options,
                           const std::function<bool()>& stop) {
  const std::string address = shards.AddressOf(kTarIndexFile);
  const std::string path =
      InUserCache(shards.folder, "tar-index." + std::to_string(getpid()) + ".part");
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  DownloadRequest request = ShardRequest(address, options, stop);
  request.path = path;
  TarIndexes indexes;
  try {
    Download(request);
    indexes = ReadTarIndexes(path, "");
    if (indexes.empty()) {
      LogWarning(address +
                 " is not an index of this version, and is not used: make it again with " +
                 "`flowtrain check` where the shards lie as files");
    }
  } catch (const NotOnServer&) {
    // The shards themselves are read.
  } catch (const DownloadError& error) {
    RemoveDownload(path);
    CannotAsk(address, error);
  }
  RemoveDownload(path);
  for (auto& [name, index] : indexes) {
    index.modified_ns = 0;
    index.validator.clear();
  }
  return indexes;
}

// What the server says of each of these shards.
std::vector<RemoteShard> AskForEach(const std::vector<std::string>& addresses,
                                    const RemoteOptions& options,
                                    const std::function<bool()>& stop) {
  std::vector<RemoteShard> out(addresses.size());
  std::vector<std::exception_ptr> failures(addresses.size());
  std::atomic<size_t> next{0};
  std::atomic<bool> failed{false};
  const auto work = [&] {
    for (size_t i = next++; i < addresses.size() && !failed; i = next++) {
      try {
        const WebFile file = AskFor(ShardRequest(addresses[i], options, stop));
        out[i] = {addresses[i], file.validator, file.bytes, 0};
      } catch (...) {
        failures[i] = std::current_exception();
        failed = true;
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 1; i < options.download_connections; ++i) threads.emplace_back(work);
    work();
  }
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (!failures[i]) continue;
    try {
      std::rethrow_exception(failures[i]);
    } catch (const DownloadError& error) {
      CannotAsk(addresses[i], error);
    }
  }
  for (const RemoteShard& shard : out) {
    if (shard.bytes > 0) continue;
    throw DataError("cannot download " + shard.address +
                    ": the server does not say how large it is (Content-Length), so there is no "
                    "telling whether it fits into the cache: use another server");
  }
  return out;
}

// Downloads the shards and reads their headers.
class RemoteIndexer {
 public:
  RemoteIndexer(std::vector<RemoteShard> shards, const RemoteOptions& options,
                const OptionNames& names, const std::function<bool()>& stop)
      : shards_(shards), cache_(std::move(shards), options, 1, names, stop) {
    for (const RemoteShard& shard : shards_) all_bytes_ += shard.bytes;
  }

  TarIndex Index(uint32_t i) {
    TarIndex index = IndexTar(shards_[i].address, {}, cache_.Open(i));
    index.modified_ns = 0;
    index.validator = shards_[i].validator;
    bytes_ += shards_[i].bytes;
    if (line_.Due()) {
      line_.Show("indexing shards: " + ShowCount(i + 1) + " of " + ShowCount(shards_.size()) +
                 ", " + ShowGib(bytes_) + " of " + ShowGib(all_bytes_));
    }
    return index;
  }

 private:
  const std::vector<RemoteShard> shards_;
  ShardCache cache_;
  ProgressLine line_;
  uint64_t bytes_ = 0, all_bytes_ = 0;
};

}  // namespace

std::vector<TarIndex> IndexRemoteShards(const TarShards& shards, const RemoteOptions& options,
                                        const OptionNames& names,
                                        const std::function<bool()>& stop) {
  const std::string kept_file = InUserCache(shards.folder, "tar-index");
  TarIndexes kept = ReadTarIndexes(kept_file, "");
  const TarIndexes on_server = IndexesOnServer(shards, options, stop);
  std::vector<TarIndex> out(shards.names.size());
  std::vector<size_t> wanted;
  std::vector<std::string> addresses;
  for (size_t i = 0; i < shards.names.size(); ++i) {
    const std::string& name = shards.names[i];
    if (const auto found = on_server.find(name); found != on_server.end()) {
      out[i] = found->second;
    } else if (const auto own = kept.find(name); own != kept.end()) {
      out[i] = own->second;
    } else {
      wanted.push_back(i);
      addresses.push_back(shards.AddressOf(name));
    }
  }
  if (wanted.empty()) return out;
  const auto keep = [&] { WriteTarIndexes(kept, kept_file, kept_file); };
  try {
    RemoteIndexer indexer(AskForEach(addresses, options, stop), options, names, stop);
    for (size_t i = 0; i < wanted.size(); ++i) {
      out[wanted[i]] = indexer.Index(static_cast<uint32_t>(i));
      kept[shards.names[wanted[i]]] = out[wanted[i]];
    }
  } catch (...) {
    keep();
    throw;
  }
  keep();
  return out;
}

}  // namespace flowtrain
