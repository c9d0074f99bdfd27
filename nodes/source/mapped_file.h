// A file mapped for reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace flowtrain {

// Read-only view of a whole file, expected to be read in random order.
class MappedFile {
 public:
  // Throws DataError when the file cannot be opened or mapped.
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

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  bool likely_to_stay_ = false;
};

}  // namespace flowtrain
