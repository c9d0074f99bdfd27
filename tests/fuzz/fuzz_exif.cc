// The orientation in an APP1 segment, a PNG's eXIf chunk, a raw profile or XMP, and turning by it.
#include <vector>

#include "nodes/decode/exif_orientation.h"
#include "nodes/decode/oriented_part.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flowtrain;
  fuzz::Bytes segment(data, size);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const int orientation = ExifOrientation(segment).value_or(1);
  for (const auto found :
       {ExifOrientation(segment), TiffOrientation(segment), RawProfileOrientation(text),
        XmpOrientation(text), XmpOrientation(XmpOfSegment(segment).value_or(""))}) {
    fuzz::Require(!found || (*found >= 1 && *found <= 8), "one of eight");
  }
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
