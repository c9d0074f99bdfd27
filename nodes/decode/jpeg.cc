#include "nodes/decode/jpeg.h"

#include <jpeglib.h>

#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdio>

#include "nodes/decode/orientation.h"
#include "nodes/decode/rgb_image.h"

namespace flowtrain {
namespace {

// libjpeg reports errors by calling back and expects not to be returned to: the way out is a
// longjmp to Decode.
struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf out;
  std::array<char, JMSG_LENGTH_MAX> message;
};

[[noreturn]] void Leave(j_common_ptr info) {
  auto* manager = reinterpret_cast<ErrorManager*>(info->err);
  manager->base.format_message(info, manager->message.data());
  std::longjmp(manager->out, 1);
}

// A warning (premature end, corrupt data) means that libjpeg has made pixels up: that is an error
// here.
void OnMessage(j_common_ptr info, int level) {
  if (level < 0) Leave(info);
}

// CMYK as Adobe's programs write it is inverted: 255 is no ink.
void CmykToRgb(const uint8_t* cmyk, bool inverted, size_t pixels, uint8_t* rgb) {
  for (size_t i = 0; i < pixels; ++i) {
    const int black = inverted ? cmyk[3] : 255 - cmyk[3];
    for (int c = 0; c < 3; ++c) {
      const int ink = inverted ? cmyk[c] : 255 - cmyk[c];
      rgb[c] = static_cast<uint8_t>((ink * black + 127) / 255);
    }
    cmyk += 4;
    rgb += 3;
  }
}

int OrientationOf(const jpeg_decompress_struct& info) {
  for (const jpeg_marker_struct* marker = info.marker_list; marker != nullptr;
       marker = marker->next) {
    const int orientation = ReadExifOrientation({marker->data, marker->data_length});
    if (orientation != 1) return orientation;
  }
  return 1;
}

// No object with a destructor may be made between setjmp and longjmp, so all memory is the
// caller's. Returns false with the manager's message on an error.
bool Decode(std::span<const uint8_t> bytes, jpeg_decompress_struct& info, ErrorManager& manager,
            std::vector<uint8_t>& row, RgbImage& image, int& orientation) {
  if (setjmp(manager.out) != 0) return false;
  jpeg_mem_src(&info, bytes.data(), bytes.size());
  jpeg_save_markers(&info, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&info, TRUE);
  if (int64_t{info.image_width} * info.image_height > kMostPixels) {
    std::snprintf(manager.message.data(), manager.message.size(), "%u x %u pixels are too many",
                  info.image_width, info.image_height);
    return false;
  }
  const bool four = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
  info.out_color_space = four ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&info);
  image.width = static_cast<int>(info.output_width);
  image.height = static_cast<int>(info.output_height);
  const size_t width = info.output_width;
  image.storage.resize(size_t{3} * width * info.output_height);
  if (four) row.resize(4 * width);
  while (info.output_scanline < info.output_height) {
    uint8_t* to = image.storage.data() + size_t{3} * width * info.output_scanline;
    JSAMPROW target = four ? row.data() : to;
    jpeg_read_scanlines(&info, &target, 1);
    if (four) CmykToRgb(row.data(), info.saw_Adobe_marker != 0, width, to);
  }
  orientation = OrientationOf(info);
  jpeg_finish_decompress(&info);
  return true;
}

}  // namespace

bool IsJpeg(std::span<const uint8_t> bytes) {
  return bytes.size() >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF;
}

std::string DecodeJpeg(std::span<const uint8_t> bytes, RgbImage& image) {
  ErrorManager manager{};
  jpeg_decompress_struct info{};
  info.err = jpeg_std_error(&manager.base);
  manager.base.error_exit = Leave;
  manager.base.emit_message = OnMessage;
  jpeg_create_decompress(&info);
  std::vector<uint8_t> row;
  int orientation = 1;
  const bool ok = Decode(bytes, info, manager, row, image, orientation);
  jpeg_destroy_decompress(&info);
  if (!ok) return std::string("JPEG: ") + manager.message.data();
  Orient(orientation, image);
  return {};
}

}  // namespace flowtrain
