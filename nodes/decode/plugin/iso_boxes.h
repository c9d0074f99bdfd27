// The boxes of which HEIC, AVIF and JPEG 2000 files consist (ISO 14496-12, 4.2).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "nodes/decode/byte_reader.h"

namespace flowtrain::codec {

struct Box {
  uint32_t type = 0;  // four letters, the first one uppermost
  size_t begin = 0;   // of its contents
  uint64_t end = 0;   // may lie beyond the file
};

constexpr uint32_t BoxType(const char (&name)[5]) {
  uint32_t type = 0;
  for (int i = 0; i < 4; ++i) type = type << 8 | static_cast<uint8_t>(name[i]);
  return type;
}

// The box that begins at `at`; none where there is no room for its header.
inline std::optional<Box> BoxAt(std::span<const uint8_t> file, size_t at) {
  constexpr size_t kHeaderBytes = 8, kLongHeaderBytes = 16;
  if (at > file.size() || file.size() - at < kHeaderBytes) return {};
  ByteReader in(file, std::endian::big);
  Box box;
  box.type = in.U32(at + 4);
  box.begin = at + kHeaderBytes;
  uint64_t size = in.U32(at);
  if (size == 1) {
    if (file.size() - at < kLongHeaderBytes) return {};
    size = in.U64(at + 8);
    box.begin = at + kLongHeaderBytes;
  }
  // 0: to the end of the file.
  box.end = size == 0 ? file.size() : (size > UINT64_MAX - at ? UINT64_MAX : at + size);
  if (box.end < box.begin) return {};
  return box;
}

// The box that a file which was cut off ends in; none if it is whole.
inline std::optional<Box> CutOffBox(std::span<const uint8_t> file) {
  size_t at = 0;
  while (at < file.size()) {
    const std::optional<Box> box = BoxAt(file, at);
    if (!box) return {};
    if (box->end > file.size()) return box;
    at = static_cast<size_t>(box->end);
  }
  return {};
}

}  // namespace flowtrain::codec
