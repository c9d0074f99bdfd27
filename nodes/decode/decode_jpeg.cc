#include "nodes/decode/decode_jpeg.h"

#include <csetjmp>
#include <cstddef>
#include <cstdio>

// jpeglib.h needs size_t and FILE declared before it; jerror.h needs jpeglib.h.
#include <jpeglib.h>
// clang-format off
#include <jerror.h>
// clang-format on

#include "nodes/decode/exif_orientation.h"

namespace flowtrain {
namespace {

// libjpeg's decompressor. libjpeg reports errors by a call that must not return, so every call into
// it runs inside Guarded, which such an error leaves by longjmp; nothing with a destructor lives
// between the two.
class JpegDecompressor {
 public:
  JpegDecompressor() {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = [](j_common_ptr info) { Leave(info); };
    errors_.base.emit_message = [](j_common_ptr info, int level) {
      if (level < 0 && LosesPixels(*info->err)) Leave(info);
    };
    errors_.base.output_message = [](j_common_ptr) {};
  }
  ~JpegDecompressor() {
    if (created_) jpeg_destroy_decompress(&info_);
  }
  JpegDecompressor(const JpegDecompressor&) = delete;
  JpegDecompressor& operator=(const JpegDecompressor&) = delete;

  // Runs `calls` on the decompressor. False: libjpeg found an error, message() says which.
  template <typename Calls>
  bool Guarded(Calls calls) {
    if (setjmp(errors_.back) != 0) return false;
    calls(info_);
    return true;
  }

  bool ReadHeader(std::span<const uint8_t> bytes) {
    return Guarded([this, bytes](jpeg_decompress_struct& info) {
      jpeg_create_decompress(&info);
      created_ = true;
      jpeg_mem_src(&info, bytes.data(), bytes.size());
      jpeg_save_markers(&info, JPEG_APP0 + 1, 0xFFFF);
      jpeg_read_header(&info, TRUE);
    });
  }

  int Orientation() const {
    for (auto* marker = info_.marker_list; marker != nullptr; marker = marker->next) {
      const int orientation = ExifOrientation({marker->data, marker->data_length});
      if (orientation != 1) return orientation;
    }
    return 1;
  }

  int height() const { return static_cast<int>(info_.image_height); }
  int width() const { return static_cast<int>(info_.image_width); }
  bool cmyk() const {
    return info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
  }
  std::string message() const { return errors_.text; }

 private:
  struct Errors {
    jpeg_error_mgr base;  // first: libjpeg hands back a pointer to it
    jmp_buf back;
    char text[JMSG_LENGTH_MAX];
  };

  [[noreturn]] static void Leave(j_common_ptr info) {
    auto* errors = reinterpret_cast<Errors*>(info->err);
    info->err->format_message(info, errors->text);
    longjmp(errors->back, 1);
  }

  // Of libjpeg's warnings, those after which pixels are made up. Spare bytes between two markers
  // are common and harmless; before a restart marker they mean that the interval is damaged.
  static bool LosesPixels(const jpeg_error_mgr& error) {
    switch (error.msg_code) {
      case JWRN_ADOBE_XFORM:
      case JWRN_JFIF_MAJOR:
        return false;
      case JWRN_EXTRANEOUS_DATA: {
        const int marker = error.msg_parm.i[1];
        return marker >= JPEG_RST0 && marker <= JPEG_RST0 + 7;
      }
      default:
        return true;
    }
  }

  jpeg_decompress_struct info_{};
  Errors errors_{};
  bool created_ = false;
};

// 255 stands for no ink.
void CmykToRgb(const uint8_t* cmyk, int width, uint8_t* rgb) {
  for (int x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    for (int channel = 0; channel < 3; ++channel) {
      rgb[channel] = static_cast<uint8_t>((cmyk[channel] * cmyk[3] + 127) / 255);
    }
  }
}

// Decodes rows to `pixels`, [height, width, 3]. `row` holds a row of CMYK.
void ReadRows(jpeg_decompress_struct& info, bool cmyk, uint8_t* row, uint8_t* pixels) {
  info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&info);
  const size_t row_bytes = size_t{3} * info.output_width;
  while (info.output_scanline < info.output_height) {
    uint8_t* place = pixels + info.output_scanline * row_bytes;
    uint8_t* target = cmyk ? row : place;
    jpeg_read_scanlines(&info, &target, 1);
    if (cmyk) CmykToRgb(row, static_cast<int>(info.output_width), place);
  }
}

}  // namespace

bool DecodeJpeg(std::span<const uint8_t> bytes, DecodeScratch& scratch, RgbImage& out,
                std::string* why) {
  JpegDecompressor jpeg;
  if (!jpeg.ReadHeader(bytes)) {
    *why = "damaged JPEG: " + jpeg.message();
    return false;
  }
  const int height = jpeg.height(), width = jpeg.width(), orientation = jpeg.Orientation();
  if (TooLarge(height, width)) {
    *why = "it is too large: " + std::to_string(width) + 'x' + std::to_string(height) + " pixels";
    return false;
  }
  const bool swap = SwapsSides(orientation);
  const auto upright = out.Resize(swap ? width : height, swap ? height : width);
  if (orientation != 1) scratch.pixels.resize(upright.size());
  if (jpeg.cmyk()) scratch.row.resize(size_t{4} * static_cast<size_t>(width));
  uint8_t* pixels = orientation == 1 ? upright.data() : scratch.pixels.data();
  uint8_t* row = scratch.row.data();
  const bool cmyk = jpeg.cmyk();
  if (!jpeg.Guarded([=](jpeg_decompress_struct& info) { ReadRows(info, cmyk, row, pixels); })) {
    *why = "damaged JPEG: " + jpeg.message();
    return false;
  }
  if (orientation != 1) TurnUpright(scratch.pixels, height, width, orientation, upright);
  return true;
}

}  // namespace flowtrain
