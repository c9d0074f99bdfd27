// Integers in the header of a file.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace flowtrain {

// Reads in one byte order; what lies outside of the file reads as 0 and makes it `cut`.
class ByteReader {
 public:
  ByteReader(std::span<const uint8_t> file, std::endian order) : file_(file), order_(order) {}

  uint32_t U16(size_t offset) { return static_cast<uint32_t>(Number(offset, 2)); }
  uint32_t U32(size_t offset) { return static_cast<uint32_t>(Number(offset, 4)); }
  uint64_t U64(size_t offset) { return Number(offset, 8); }
  int32_t S32(size_t offset) { return static_cast<int32_t>(U32(offset)); }
  bool cut() const { return cut_; }

 private:
  uint64_t Number(size_t offset, size_t bytes) {
    if (offset > file_.size() || file_.size() - offset < bytes) {
      cut_ = true;
      return 0;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; ++i) {
      const size_t at = order_ == std::endian::little ? bytes - 1 - i : i;
      number = number << 8 | file_[offset + at];
    }
    return number;
  }

  std::span<const uint8_t> file_;
  std::endian order_;
  bool cut_ = false;
};

}  // namespace flowtrain
