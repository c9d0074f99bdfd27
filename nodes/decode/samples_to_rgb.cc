#include "nodes/decode/samples_to_rgb.h"

#include <algorithm>
#include <vector>

#include "nodes/decode/complaint.h"
#include "nodes/decode/eight_bits.h"
#include "nodes/image/rgb_image.h"

namespace flowtrain {
namespace {

void PixelToRgb(SampleColours colours, const uint8_t* pixel, uint8_t* rgb) {
  switch (colours) {
    case SampleColours::kGrey:
      std::fill_n(rgb, kChannels, pixel[0]);
      break;
    case SampleColours::kRgb:
      std::copy_n(pixel, kChannels, rgb);
      break;
    case SampleColours::kCmyk: {
      const auto light = CmykInkToRgb(pixel);
      std::copy(light.begin(), light.end(), rgb);
      break;
    }
  }
}

}  // namespace

bool SamplesToRgb(const std::string& format, std::span<const uint8_t> bytes,
                  const SampleLayout& layout, uint8_t* rgb, std::string* why) {
  const size_t sample_bytes = layout.most > 255 ? 2 : 1;
  const auto row_samples = static_cast<size_t>(layout.width * layout.samples);
  const size_t row_bytes = row_samples * sample_bytes;
  const size_t rows = bytes.size() / row_bytes;
  if (rows < static_cast<size_t>(layout.height)) {
    return Refuse(why, CutOff(format, rows, static_cast<uint64_t>(layout.height)));
  }
  const std::vector<uint8_t> byte_of = ByteTable(layout.most);
  std::vector<uint8_t> row(row_samples);
  const uint8_t* in = bytes.data();
  for (int64_t y = 0; y < layout.height; ++y) {
    for (uint8_t& sample : row) {
      uint32_t value = *in++;
      if (sample_bytes == 2) value = value << 8 | *in++;
      if (value > layout.most) {
        return Refuse(why, Damaged(format, "a value is above its maxval"));
      }
      sample = byte_of[value];
    }
    for (int64_t x = 0; x < layout.width; ++x, rgb += kChannels) {
      PixelToRgb(layout.colours, row.data() + x * layout.samples, rgb);
    }
  }
  return true;
}

}  // namespace flowtrain
