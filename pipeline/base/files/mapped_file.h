// A file mapped for reading.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "pipeline/base/files/mapping_guard.h"

namespace flowtrain {

// Read-only view of a whole file, expected to be read in random order. Nothing that happens to the
// file meanwhile ends the process: if it is removed or replaced by another, it is still read here;
// if it is cut short, it reads as zeros and CheckFile throws.
class MappedFile {
 public:
  // Throws DataError when the file cannot be opened or mapped, or is not a regular file.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const uint8_t> bytes() const { return {data_, size_}; }
  // Whether data that was read once is likely to be in memory later: the file takes less than half
  // of the memory.
  bool likely_to_stay() const { return likely_to_stay_; }
  // Starts reading a part of the file, in one go instead of a page at a time.
  void WillNeed(size_t offset, size_t length) const;

  // For ReadsWereLost; null for an empty file.
  const std::atomic<bool>* lost() const { return guard_ ? &guard_->lost() : nullptr; }
  // Throws DataError when anything read so far was lost.
  void CheckReads() const;
  // The same, and also when the file's size has changed, which reads do not reveal where the file
  // ends within a page. Makes a system call: for occasional use.
  void CheckFile() const;

 private:
  [[noreturn]] void Changed(const std::string& how) const;
  void Map();
  void CheckSize() const;

  const std::string path_;
  int fd_ = -1;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  bool likely_to_stay_ = false;
  std::optional<MappingGuard> guard_;
};

}  // namespace flowtrain
