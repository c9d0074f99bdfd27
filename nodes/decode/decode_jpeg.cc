#include "nodes/decode/decode_jpeg.h"

#include <algorithm>
#include <vector>

#include "nodes/decode/complaint.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/decode/exif_orientation.h"
#include "nodes/decode/jpeg_decompressor.h"
#include "nodes/decode/oriented_part.h"

namespace flowtrain {
namespace {

// What is decoded of a stored image: `part` is in pixels of the image reduced by `shrink`.
struct Plan {
  int shrink = 1;
  Rectangle part;
};

Plan PlanWhole(const JpegDecompressor& jpeg) { return {1, {0, 0, jpeg.height(), jpeg.width()}}; }

Plan PlanPart(const JpegDecompressor& jpeg, const PartChooser& chooser) {
  const int height = jpeg.height(), width = jpeg.width(), orientation = jpeg.orientation();
  const bool swap = SwapsSides(orientation);
  const WantedPart wanted = chooser.Choose(swap ? width : height, swap ? height : width);
  int shrink = wanted.shrink;
  if (orientation != 1) {
    // Reduced pixels are counted from the corner of the stored image; in the turned image they must
    // still begin at a corner.
    while (shrink > 1 && (height % shrink != 0 || width % shrink != 0)) shrink /= 2;
  }
  const Rectangle full = StoredRectangle({wanted.top, wanted.left, wanted.height, wanted.width},
                                         orientation, height, width);
  Rectangle part{full.top / shrink, full.left / shrink, 0, 0};
  part.height = Reduced(full.top + full.height, shrink) - part.top;
  part.width = Reduced(full.left + full.width, shrink) - part.left;
  return {shrink, part};
}

// 255 stands for no ink.
void CmykToRgb(const uint8_t* cmyk, int width, uint8_t* rgb) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    for (int channel = 0; channel < 3; ++channel) {
      rgb[channel] = static_cast<uint8_t>((cmyk[channel] * cmyk[3] + 127) / 255);
    }
  }
}

// Begins to decode, and widens the part to what libjpeg gives: columns from the border of a block
// on, and one or two more on each side, since chroma is interpolated from what is decoded.
void Begin(jpeg_decompress_struct& info, bool cmyk, Plan& plan) {
  constexpr int kMargin = 2;
  info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  info.scale_num = 1;
  info.scale_denom = static_cast<unsigned>(plan.shrink);
  jpeg_start_decompress(&info);
  const int width = static_cast<int>(info.output_width);
  const int begin = std::max(plan.part.left - kMargin, 0);
  const int end = std::min(plan.part.left + plan.part.width + kMargin, width);
  // Chroma of a quarter of the columns (4:1:1), which is rare, would differ at the borders.
  if (end - begin < width && info.max_h_samp_factor <= 2) {
    auto first = static_cast<JDIMENSION>(begin), count = static_cast<JDIMENSION>(end - begin);
    jpeg_crop_scanline(&info, &first, &count);
    plan.part.left = static_cast<int>(first);
  } else {
    plan.part.left = 0;
  }
  plan.part.width = static_cast<int>(info.output_width);
}

// Decodes the part's rows to `pixels`, packed. `row` holds a row of CMYK.
void ReadRows(jpeg_decompress_struct& info, bool cmyk, const Plan& plan, uint8_t* row,
              uint8_t* pixels) {
  const size_t row_bytes = size_t{3} * info.output_width;
  const auto top = static_cast<JDIMENSION>(plan.part.top);
  const auto bottom = top + static_cast<JDIMENSION>(plan.part.height);
  if (top > 0) jpeg_skip_scanlines(&info, top);
  for (uint8_t* place = pixels; info.output_scanline < bottom; place += row_bytes) {
    uint8_t* target = cmyk ? row : place;
    jpeg_read_scanlines(&info, &target, 1);
    if (cmyk) CmykToRgb(row, static_cast<int>(info.output_width), place);
  }
}

// How much of a file that ends early is there.
std::string WhereItEnds(JpegDecompressor& jpeg) {
  std::vector<uint8_t> row;
  const bool progressive = jpeg.progressive();
  Plan plan = PlanWhole(jpeg);
  if (jpeg.Guarded(
          [&plan, &jpeg](jpeg_decompress_struct& info) { Begin(info, jpeg.cmyk(), plan); })) {
    row.resize(size_t{4} * static_cast<size_t>(jpeg.width()));
    uint8_t* place = row.data();
    jpeg.Guarded([place](jpeg_decompress_struct& info) {
      uint8_t* target = place;
      while (info.output_scanline < info.output_height) jpeg_read_scanlines(&info, &target, 1);
    });
  }
  if (progressive) {
    return "cut-off JPEG: it ends in scan " + std::to_string(jpeg.scan()) +
           " of a progressive image";
  }
  return CutOff("JPEG", static_cast<uint64_t>(jpeg.rows_read()),
                static_cast<uint64_t>(jpeg.height()));
}

}  // namespace

bool DecodeJpeg(std::span<const uint8_t> bytes, DecodeScratch& scratch, const PartChooser* chooser,
                RgbImage& out, std::string* why) {
  JpegDecompressor& jpeg = scratch.jpeg;
  const auto damaged = [&] { return Refuse(why, jpeg.Complaint()); };
  if (!jpeg.ReadHeader(bytes)) return damaged();
  if (TooLarge(jpeg.height(), jpeg.width(), scratch.max_pixels, why)) return false;
  if (!jpeg.HasEnd()) return Refuse(why, WhereItEnds(jpeg));
  const bool cmyk = jpeg.cmyk();
  Plan plan = chooser == nullptr ? PlanWhole(jpeg) : PlanPart(jpeg, *chooser);
  if (!jpeg.Guarded([cmyk, &plan](jpeg_decompress_struct& info) { Begin(info, cmyk, plan); })) {
    return damaged();
  }
  const int orientation = jpeg.orientation();
  const auto upright =
      ResizeToPart({jpeg.height(), jpeg.width(), orientation, plan.shrink, plan.part}, out);
  if (orientation != 1) scratch.pixels.resize(upright.size());
  if (cmyk) scratch.row.resize(size_t{4} * static_cast<size_t>(plan.part.width));
  uint8_t* pixels = orientation == 1 ? upright.data() : scratch.pixels.data();
  uint8_t* row = scratch.row.data();
  if (!jpeg.Guarded([cmyk, &plan, row, pixels](jpeg_decompress_struct& info) {
        ReadRows(info, cmyk, plan, row, pixels);
      })) {
    return damaged();
  }
  if (orientation != 1) {
    TurnUpright(scratch.pixels, plan.part.height, plan.part.width, orientation, upright);
  }
  return true;
}

}  // namespace flowtrain
