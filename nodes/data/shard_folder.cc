#include "nodes/data/shard_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "nodes/web/download.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/descriptor.h"
#include "pipeline/base/files/xxh64.h"
#include "pipeline/base/text/printable_name.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPart = ".part";
constexpr size_t kDigits = 16;

// "NAME-0123456789abcdef.tar".
bool IsNameOfShard(std::string_view name) {
  if (!name.ends_with(".tar") || name.size() < kDigits + 5) return false;
  const std::string_view digits = name.substr(name.size() - 4 - kDigits, kDigits);
  return name[name.size() - 5 - kDigits] == '-' &&
         digits.find_first_not_of("0123456789abcdef") == digits.npos;
}

// "NAME-0123456789abcdef.tar.BYTES.part" or "….tar".
std::optional<CachedShard> ShardNamed(std::string_view name) {
  CachedShard shard;
  shard.whole = !name.ends_with(kPart);
  if (!shard.whole) {
    name.remove_suffix(kPart.size());
    const size_t dot = name.rfind('.');
    if (dot == name.npos) return std::nullopt;
    shard.bytes = std::strtoull(std::string(name.substr(dot + 1)).c_str(), nullptr, 10);
    name = name.substr(0, dot);
  }
  if (!IsNameOfShard(name)) return std::nullopt;
  shard.name = name;
  return shard;
}

// Whether a program is at work on the file, or began to just now.
bool IsBusy(const std::string& path, int64_t unused_s) {
  constexpr int64_t kJustNow = 10;
  if (unused_s < kJustNow) return true;
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return file.fd >= 0 && flock(file.fd, LOCK_EX | LOCK_NB) != 0;
}

}  // namespace

ShardFolder::ShardFolder(std::string path, const std::string& option) : path_(std::move(path)) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (!error && access(path_.c_str(), W_OK | X_OK) == 0) return;
  throw DataError("cannot keep shards in the folder " + PrintableName(path_) + ": " +
                  (error ? error.message() : std::generic_category().message(errno)) +
                  "; name another folder with " + option);
}

std::string ShardFolder::NameFor(const std::string& address, const std::string& validator,
                                 uint64_t bytes) {
  constexpr size_t kMostBytes = 150;
  std::string base = address.substr(address.rfind('/') + 1);
  if (base.ends_with(".tar")) base.resize(base.size() - 4);
  if (base.size() > kMostBytes) base.resize(kMostBytes);
  const std::string text = address + '\n' + validator + '\n' + std::to_string(bytes);
  char digits[kDigits + 1];
  std::snprintf(digits, sizeof digits, "%016" PRIx64,
                Xxh64({reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
  return base + '-' + digits + ".tar";
}

std::string ShardFolder::PartOf(const std::string& name, uint64_t bytes) const {
  return PathOf(name) + '.' + std::to_string(bytes) + std::string(kPart);
}

std::vector<CachedShard> ShardFolder::List() const {
  std::vector<CachedShard> shards;
  std::error_code error;
  for (fs::directory_iterator entry(path_, error), end; !error && entry != end;
       entry.increment(error)) {
    std::optional<CachedShard> shard = ShardNamed(entry->path().filename().string());
    struct stat status {};
    if (!shard || stat(entry->path().c_str(), &status) != 0) continue;
    const auto size = static_cast<uint64_t>(status.st_size);
    shard->room = shard->whole ? size : std::max(shard->bytes, size) + kNoteBytes;
    shard->unused_s = int64_t{std::time(nullptr)} - int64_t{status.st_mtim.tv_sec};
    shards.push_back(std::move(*shard));
  }
  return shards;
}

void ShardFolder::Remove(const CachedShard& shard) const {
  if (shard.whole) {
    unlink(PathOf(shard.name).c_str());
  } else {
    RemoveDownload(PartOf(shard.name, shard.bytes));
  }
}

// What is in the folder, and what of it goes.
struct ShardFolder::Clearing {
  uint64_t used = 0;  // bytes, without what goes
  std::vector<CachedShard> others, going;

  void Take(const CachedShard& shard) {
    used -= shard.room;
    going.push_back(shard);
  }
};

Descriptor ShardFolder::Lock() const {
  const int fd = open(PathOf(".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd >= 0 && flock(fd, LOCK_EX) == 0) return Descriptor(fd);
  throw DataError("cannot lock " + PrintableName(PathOf(".lock")) + ": " +
                  std::generic_category().message(errno));
}

// Downloads that were broken off go in any case, but for that of `name`.
ShardFolder::Clearing ShardFolder::Clear(const std::string& name, uint64_t limit,
                                         const Removable& removable) const {
  Clearing clearing;
  for (CachedShard& shard : List()) {
    if (!shard.whole && shard.name == name) continue;
    clearing.used += shard.room;
    if (shard.whole) {
      clearing.others.push_back(std::move(shard));
    } else if (!IsBusy(PartOf(shard.name, shard.bytes), shard.unused_s)) {
      clearing.Take(shard);
    }
  }
  if (clearing.used <= limit) return clearing;
  for (const std::string& candidate : removable(clearing.others)) {
    for (const CachedShard& shard : clearing.others) {
      if (shard.name == candidate) clearing.Take(shard);
    }
    if (clearing.used <= limit) break;
  }
  return clearing;
}

void ShardFolder::RemoveAll(const std::vector<CachedShard>& going,
                            std::vector<std::string>* removed) const {
  for (const CachedShard& shard : going) {
    Remove(shard);
    if (shard.whole) removed->push_back(shard.name);
  }
}

void ShardFolder::Trim(uint64_t limit, const Removable& removable,
                       std::vector<std::string>* removed) const {
  const Descriptor lock = Lock();
  RemoveAll(Clear("", limit, removable).going, removed);
}

bool ShardFolder::TakeRoom(const std::string& name, uint64_t bytes, uint64_t limit,
                           const Removable& removable, std::vector<std::string>* removed) const {
  if (bytes + kNoteBytes > limit) return false;
  const Descriptor lock = Lock();
  const uint64_t most = limit - bytes - kNoteBytes;
  const Clearing clearing = Clear(name, most, removable);
  if (clearing.used > most) return false;
  RemoveAll(clearing.going, removed);
  const Descriptor part(open(PartOf(name, bytes).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (part.fd < 0) {
    throw DataError("cannot write " + PrintableName(PartOf(name, bytes)) + ": " +
                    std::generic_category().message(errno));
  }
  return true;
}

uint64_t ShardFolder::BytesOfShards() const {
  uint64_t bytes = 0;
  for (const CachedShard& shard : List()) bytes += shard.room;
  return bytes;
}

uint64_t ShardFolder::FreeBytes() const {
  std::error_code error;
  const fs::space_info space = fs::space(path_, error);
  return error ? 0 : space.available;
}

}  // namespace flowtrain
