// The header of a Windows or OS/2 bitmap.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace flowtrain {

enum class BmpCoding : uint8_t { kPlain, kRle8, kRle4 };

struct BmpHeader {
  int64_t height = 0, width = 0;
  bool top_down = false;  // otherwise the last row comes first
  int bits = 0;           // of a pixel: 1, 2, 4, 8 (palette), 16, 24, 32
  BmpCoding coding = BmpCoding::kPlain;
  size_t pixels_at = 0;              // offset in the file
  std::array<uint32_t, 3> masks{};   // red, green, blue in a pixel of 16 or 32 bits
  std::array<uint8_t, 768> palette;  // red, green, blue
  int colours = 0;                   // in the palette
};

// Reads headers of 12 bytes (OS/2 1), 16 to 64 (OS/2 2), 40, 52, 56, 108 and 124 (Windows).
bool ReadBmpHeader(std::span<const uint8_t> file, BmpHeader& header, std::string* why);

}  // namespace flowtrain
