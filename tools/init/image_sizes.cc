#include "tools/init/image_sizes.h"

#include <algorithm>
#include <vector>

#include "nodes/decode/decode.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/image/rgb_image.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

// Formats that can be decoded in part are hardly decoded at all: only the size is wanted.
class OnePixel final : public PartChooser {
 public:
  WantedPart Choose(int, int) const override { return {0, 0, 1, 1, 8}; }
};

}  // namespace

ShorterSides LookAtImages(const ImageSet& set, uint64_t most) {
  const uint64_t looked_at = std::min(most, set.size());
  ShorterSides out;
  std::vector<int> sides;
  DecodeScratch scratch;
  RgbImage image;
  const OnePixel chooser;
  std::vector<uint8_t> bytes;
  for (uint64_t i = 0; i < looked_at; ++i) {
    const uint64_t id = i * set.size() / looked_at;
    const EncodedImage encoded = set.Fetch(id, bytes);
    std::string why = encoded.error;
    if (why.empty() && DecodeToRgb(encoded, scratch, &chooser, image, &why)) {
      sides.push_back(std::min(image.full_height, image.full_width));
    } else if (out.bad++ == 0) {
      out.first_bad = set.ImageName(id) + ": " + why;
    }
  }
  if (sides.empty()) {
    throw DataError(set.Description() + "; none of the " + ShowCount(looked_at, "image") +
                    " that were looked at can be used: " + out.first_bad);
  }
  std::sort(sides.begin(), sides.end());
  out.images = sides.size();
  out.least = sides.front();
  out.median = sides[(sides.size() - 1) / 2];
  out.most = sides.back();
  return out;
}

}  // namespace flowtrain
