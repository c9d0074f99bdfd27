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

// Read-only view of a whole file, expected to be read in random order. What becomes of the file
// meanwhile ends no process: removed or replaced by another, it is still read here; cut short, it
// reads as zeros and CheckWhole throws.
class MappedFile {
 public:
  // Throws DataError when the file cannot be opened or mapped, or is no regular one.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const uint8_t> bytes() const { return {data_, size_}; }
  // Whether what was read once is likely to be in memory later: the file takes less than half of
  // it.
  bool likely_to_stay() const { return likely_to_stay_; }
  // Starts to read a part of the file, in one go instead of a page at a time.
  void WillNeed(size_t offset, size_t length) const;

  // For ReadsWereLost; null for an empty file.
  const std::atomic<bool>* lost() const { return guard_ ? &guard_->lost() : nullptr; }
  // Throws DataError when something that was read until now was lost.
  void CheckReads() const;
  // The same, and when the file no longer has the size it had, which reads do not show where it
  // ends in the midst of a page. Asks the system: for now and then.
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
