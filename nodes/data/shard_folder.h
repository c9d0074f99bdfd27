// The folder that downloaded shards are kept in, which several programs may share.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pipeline/base/files/descriptor.h"

namespace flowtrain {

// A file of the folder, whole or on its way.
struct CachedShard {
  std::string name;      // of the whole file
  uint64_t bytes = 0;    // of one on its way: that it will have
  uint64_t room = 0;     // that it takes, or will, in bytes
  int64_t unused_s = 0;  // since it was last used
  bool whole = false;
};

// Only files that are called as NameFor calls them are counted and removed: the folder may hold
// others.
class ShardFolder {
 public:
  // Makes the folder. Throws DataError, which names `option`, where that is impossible.
  ShardFolder(std::string path, const std::string& option);

  // What a download takes beside its bytes: the note of where it is from.
  static constexpr uint64_t kNoteBytes = 4096;

  // The name of a shard's file, which differs for another version of it.
  static std::string NameFor(const std::string& address, const std::string& validator,
                             uint64_t bytes);

  const std::string& path() const { return path_; }
  std::string PathOf(const std::string& name) const { return path_ + '/' + name; }
  // Where a shard is downloaded to, before it is whole.
  std::string PartOf(const std::string& name, uint64_t bytes) const;

  // Removes files, the first of `removable` first, until the rest takes at most `limit` bytes, or
  // none of those is left.
  using Removable = std::function<std::vector<std::string>(std::vector<CachedShard>)>;
  void Trim(uint64_t limit, const Removable& removable, std::vector<std::string>* removed) const;

  // Makes room for a download, if it can be made, and takes it: removes files, the first of
  // `removable` first, until the rest and this one take at most `limit` bytes. `removable` gets the
  // files that are there, those of `own` left out, and returns the names of those that may go.
  // No other program does the same meanwhile.
  bool TakeRoom(const std::string& name, uint64_t bytes, uint64_t limit, const Removable& removable,
                std::vector<std::string>* removed) const;

  // Bytes of all shards, and what is free on the disk.
  uint64_t BytesOfShards() const;
  uint64_t FreeBytes() const;

 private:
  struct Clearing;

  Descriptor Lock() const;
  Clearing Clear(const std::string& name, uint64_t limit, const Removable& removable) const;
  void RemoveAll(const std::vector<CachedShard>& going, std::vector<std::string>* removed) const;
  std::vector<CachedShard> List() const;
  void Remove(const CachedShard& shard) const;

  const std::string path_;
};

}  // namespace flowtrain
