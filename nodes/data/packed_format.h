// The packed data set on disk: docs/packed.md. All numbers are little-endian.
//
//   header | pixels of each image, at multiples of 64 bytes | index | text
//
// The pixels of an image are its levels (nodes/image/image_levels.h), one after the other.
//
// The text is strings, each a uint32 length and its bytes: what was packed, why there is no
// evaluation (empty where there is one), the names of the classes; then the bytes of the images'
// names, which the index points to.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace flowtrain {

static_assert(std::endian::native == std::endian::little, "numbers are used as they lie on disk");

inline constexpr std::array<char, 8> kPackedMagic = {'F', 'T', 'P', 'A', 'C', 'K', '\r', '\n'};
inline constexpr uint32_t kPackedVersion = 2;
inline constexpr size_t kPackedAlignment = 64;  // bytes, of an image and of the index

struct PackedHeader {
  std::array<char, 8> magic = kPackedMagic;
  uint32_t version = kPackedVersion;
  uint32_t header_bytes = 0;  // of this struct
  uint64_t file_bytes = 0;
  uint64_t images = 0;
  uint64_t training = 0;  // the first of the images are those to train on
  uint64_t index_offset = 0;
  uint64_t text_offset = 0;  // right after the index; the text ends the file
  uint32_t classes = 0;
  uint32_t max_side = 0;       // pixels that images were shrunk to; 0: they are whole
  uint32_t leave_one_out = 0;  // 1: bank and queries are one list
  uint32_t reserved = 0;
  uint64_t fingerprint = 0;      // of what was packed, see FingerprintOf
  uint64_t tables_checksum = 0;  // Xxh64 of index and text
  uint64_t header_checksum = 0;  // Xxh64 of all before it
};
static_assert(sizeof(PackedHeader) == 96 && offsetof(PackedHeader, header_checksum) == 88);

// Lists of the evaluation that an image is in, as bits.
inline constexpr uint32_t kPackedBank = 1, kPackedQuery = 2;

struct PackedEntry {
  uint64_t offset = 0;    // of the pixels, uint8 [height, width, 3], level by level
  uint64_t checksum = 0;  // Xxh64 of the pixels of all levels
  uint32_t height = 0, width = 0;
  int32_t label = -1;  // class, or -1
  uint32_t lists = 0;  // kPackedBank, kPackedQuery
  uint64_t name_offset = 0;
  uint32_t name_bytes = 0;
  uint32_t levels = 1;  // from the whole image on
};
static_assert(sizeof(PackedEntry) == 48);

}  // namespace flowtrain
