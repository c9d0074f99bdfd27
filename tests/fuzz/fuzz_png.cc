// PNG: as it is, and with its chunks' checksums put right, behind which the rest is hidden.
#include <algorithm>
#include <array>
#include <vector>

#include "nodes/decode/decode_png.h"
#include "nodes/decode/decode_scratch.h"
#include "tests/fuzz/fuzz.h"

namespace flowtrain {
namespace {

uint32_t Crc32(fuzz::Bytes bytes) {
  static const std::array<uint32_t, 256> kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
      table[i] = i;
      for (int bit = 0; bit < 8; ++bit) {
        table[i] = table[i] >> 1 ^ ((table[i] & 1) != 0 ? 0xEDB88320 : 0);
      }
    }
    return table;
  }();
  uint32_t crc = ~0u;
  for (const uint8_t byte : bytes) crc = crc >> 8 ^ kTable[(crc ^ byte) & 255];
  return ~crc;
}

std::vector<uint8_t> Sealed(fuzz::Bytes bytes) {
  std::vector<uint8_t> file(bytes.begin(), bytes.end());
  constexpr size_t kAround = 12;  // length, type, checksum
  for (size_t at = 8; file.size() - at >= kAround;) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i) length = length << 8 | file[at + i];
    if (length > file.size() - at - kAround) break;
    const uint32_t crc = Crc32(fuzz::Bytes(file).subspan(at + 4, length + 4));
    at += length + kAround;
    for (size_t i = 0; i < 4; ++i) file[at - 1 - i] = static_cast<uint8_t>(crc >> 8 * i);
  }
  return file;
}

void Decode(fuzz::Bytes file) {
  DecodeScratch scratch;
  scratch.max_pixels = 250'000;  // so that no input is slow
  RgbImage image;
  std::string why;
  if (!DecodePng(file, scratch, image, &why)) {
    fuzz::Require(!why.empty(), "a refusal has a reason");
    return;
  }
  const auto area = static_cast<size_t>(image.height) * static_cast<size_t>(image.width);
  fuzz::Require(image.pixels.size() == 3 * area, "an image has as many pixels as its size says");
}

}  // namespace
}  // namespace flowtrain

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flowtrain;
  const fuzz::Bytes file(data, size);
  if (!IsPng(file)) return 0;
  Decode(file);
  Decode(Sealed(file));
  return 0;
}
