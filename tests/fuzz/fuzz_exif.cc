// The orientation in an APP1 segment, a PNG's eXIf chunk or a raw profile, and turning by it.
#include <vector>

#include "nodes/decode/exif_orientation.h"
#include "nodes/decode/oriented_part.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flowtrain;
  fuzz::Bytes segment(data, size);
  const int orientation = ExifOrientation(segment), alone = TiffOrientation(segment);
  fuzz::Require(orientation >= 1 && orientation <= 8 && alone >= 1 && alone <= 8, "one of eight");
  const int raw = RawProfileOrientation({reinterpret_cast<const char*>(data), size});
  fuzz::Require(raw >= 1 && raw <= 8, "one of eight");
  fuzz::Tail tail(segment);
  const int height = 1 + static_cast<int>(tail.Below(8)),
            width = 1 + static_cast<int>(tail.Below(8));
  std::vector<uint8_t> from(static_cast<size_t>(3 * height * width)), to(from.size(), 255);
  for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<uint8_t>(i / 3);
  TurnUpright(from, height, width, orientation, to);
  size_t sum = 0;
  for (const uint8_t value : to) sum += value;
  const size_t pixels = from.size() / 3;
  fuzz::Require(sum == 3 * pixels * (pixels - 1) / 2, "each pixel is there once");
  return 0;
}
