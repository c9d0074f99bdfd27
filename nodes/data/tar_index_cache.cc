#include "nodes/data/tar_index_cache.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "nodes/data/index_file.h"
#include "pipeline/base/cpu_limits.h"
#include "pipeline/base/files/cache_folder.h"
#include "pipeline/base/progress_line.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

constexpr std::string_view kMagic = "flowtrain tar index 2\n";

std::string PathOf(const TarShards& shards, const std::string& name) {
  return std::filesystem::path(shards.folder) / name;
}

std::string IndexFile(const TarShards& shards) { return PathOf(shards, kTarIndexFile); }
std::string OtherIndexFile(const TarShards& shards) {
  return InUserCache(shards.folder, "tar-index");
}

// False for an index that does not keep within its file.
bool ReadOne(IndexReader& reader, TarIndex& index) {
  index.file_bytes = reader.Number();
  index.modified_ns = static_cast<int64_t>(reader.Number());
  index.validator = reader.Text();
  for (uint64_t* count : {&index.not_taken, &index.more_images, &index.links, &index.no_end}) {
    *count = reader.Number();
  }
  const uint64_t images = reader.Number();
  for (uint64_t i = 0; i < images && reader.sound(); ++i) {
    TarImage image;
    image.name = reader.Text();
    image.label = reader.Text();
    image.offset = reader.Number();
    image.size = reader.Number();
    if (image.offset > index.file_bytes || image.size > index.file_bytes - image.offset) {
      return false;
    }
    index.images.push_back(std::move(image));
  }
  return reader.sound();
}

}  // namespace

TarIndexes ReadTarIndexes(const std::string& path, const std::string& otherwise) {
  TarIndexes kept;
  IndexReader reader(kMagic, path, otherwise);
  const uint64_t count = reader.Number();
  for (uint64_t i = 0; i < count && reader.sound(); ++i) {
    const std::string name(reader.Text());
    TarIndex index;
    if (!ReadOne(reader, index)) break;
    kept[name] = std::move(index);
  }
  return kept;
}

void WriteTarIndexes(const TarIndexes& kept, const std::string& path,
                     const std::string& otherwise) {
  IndexWriter writer(kMagic);
  const auto is_settled = [](const auto& entry) {
    return !ModifiedJustNow(entry.second.modified_ns);
  };
  writer.Put(static_cast<uint64_t>(std::count_if(kept.begin(), kept.end(), is_settled)));
  for (const auto& entry : kept) {
    const auto& [name, index] = entry;
    if (!is_settled(entry)) continue;
    writer.Put(name);
    writer.Put(index.file_bytes);
    writer.Put(static_cast<uint64_t>(index.modified_ns));
    writer.Put(index.validator);
    for (const uint64_t number : {index.not_taken, index.more_images, index.links, index.no_end,
                                  uint64_t{index.images.size()}}) {
      writer.Put(number);
    }
    for (const TarImage& image : index.images) {
      writer.Put(image.name);
      writer.Put(image.label);
      writer.Put(image.offset);
      writer.Put(image.size);
    }
  }
  writer.Save(path, otherwise);
}

namespace {

bool IsOf(const TarIndex& index, const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return false;
  const int64_t modified = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  return index.file_bytes == static_cast<uint64_t>(status.st_size) && index.modified_ns == modified;
}

// Indexes the shards that `wanted` names, by their places, on all cores.
class ShardIndexer {
 public:
  ShardIndexer(const TarShards& shards, const std::vector<size_t>& wanted,
               std::vector<TarIndex>& out)
      : shards_(shards), wanted_(wanted), out_(out), failures_(wanted.size()) {}

  void Run() {
    const auto most = static_cast<size_t>(std::max(1, ReadCpuLimits().usable));
    {
      std::vector<std::jthread> threads;
      for (size_t i = 1; i < std::min(most, wanted_.size()); ++i) {
        threads.emplace_back([this] { Work(); });
      }
      Work();
    }
    // The first shard's, whichever thread was first.
    for (const std::exception_ptr& failure : failures_) {
      if (failure) std::rethrow_exception(failure);
    }
  }

 private:
  void Work() {
    for (size_t i = next_++; i < wanted_.size() && !failed_; i = next_++) {
      try {
        out_[wanted_[i]] =
            IndexTar(PathOf(shards_, shards_.names[wanted_[i]]), [this] { TellOfImage(); });
        ++done_;
      } catch (...) {
        failures_[i] = std::current_exception();
        failed_ = true;
      }
    }
  }

  void TellOfImage() {
    const uint64_t images = ++images_;
    constexpr uint64_t kAskEvery = 256;
    if (images % kAskEvery != 0) return;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock() || !line_.Due()) return;
    line_.Show("indexing tar files: " + ShowCount(done_) + " of " + ShowCount(wanted_.size()) +
               ", " + ShowCount(images) + " images");
  }

  const TarShards& shards_;
  const std::vector<size_t>& wanted_;
  std::vector<TarIndex>& out_;
  std::vector<std::exception_ptr> failures_;
  std::atomic<size_t> next_{0};
  std::atomic<uint64_t> done_{0}, images_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  ProgressLine line_;
};

}  // namespace

std::vector<TarIndex> IndexShards(const TarShards& shards) {
  TarIndexes kept = ReadTarIndexes(IndexFile(shards), OtherIndexFile(shards));
  std::vector<TarIndex> out(shards.names.size());
  std::vector<size_t> wanted;
  for (size_t i = 0; i < shards.names.size(); ++i) {
    const auto found = kept.find(shards.names[i]);
    if (found != kept.end() && IsOf(found->second, PathOf(shards, shards.names[i]))) {
      out[i] = found->second;
    } else {
      wanted.push_back(i);
    }
  }
  if (wanted.empty()) return out;
  ShardIndexer(shards, wanted, out).Run();
  for (const size_t i : wanted) kept[shards.names[i]] = out[i];
  WriteTarIndexes(kept, IndexFile(shards), OtherIndexFile(shards));
  return out;
}

}  // namespace flowtrain
