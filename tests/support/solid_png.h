// PNG files of one colour, made without a library.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace flowtrain {

inline std::string BigEndian(uint32_t number) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(number >> shift & 0xFF);
  return text;
}

inline std::string PngChunk(const std::string& type, const std::string& data) {
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : type + data) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
  }
  return BigEndian(static_cast<uint32_t>(data.size())) + type + data + BigEndian(~crc);
}

// `side` x `side` pixels, at most 80, not compressed.
inline std::string SolidPng(int side, const std::array<uint8_t, 3>& colour) {
  std::string pixels;
  for (int y = 0; y < side; ++y) {
    pixels += '\0';  // no filter
    for (int x = 0; x < side; ++x) pixels.append(colour.begin(), colour.end());
  }
  uint32_t low = 1, high = 0;  // Adler-32
  for (const char c : pixels) {
    low = (low + static_cast<uint8_t>(c)) % 65521;
    high = (high + low) % 65521;
  }
  const auto size = static_cast<uint16_t>(pixels.size());
  std::string stored = "\x78\x01\x01";
  for (const uint16_t part : {size, static_cast<uint16_t>(~size)}) {
    stored += static_cast<char>(part & 0xFF);
    stored += static_cast<char>(part >> 8);
  }
  stored += pixels + BigEndian(high << 16 | low);
  const std::string header = BigEndian(static_cast<uint32_t>(side)) +
                             BigEndian(static_cast<uint32_t>(side)) +
                             std::string("\x08\x02\x00\x00\x00", 5);
  return "\x89PNG\r\n\x1A\n" + PngChunk("IHDR", header) + PngChunk("IDAT", stored) +
         PngChunk("IEND", "");
}

}  // namespace flowtrain
