// libjpeg's decompressor.
#pragma once

#include <csetjmp>
#include <cstdint>
#include <span>
#include <string>

#include "nodes/decode/jpeg_arena.h"

namespace flowtrain {

// Used for one image after the other. libjpeg reports errors by a call that must not return, so
// every call into it runs inside Guarded, which such an error leaves by longjmp; nothing with a
// destructor lives between the two.
class JpegDecompressor {
 public:
  JpegDecompressor();
  ~JpegDecompressor();
  JpegDecompressor(const JpegDecompressor&) = delete;
  JpegDecompressor& operator=(const JpegDecompressor&) = delete;

  // Begins with another image; `bytes` must live until the next. False: Complaint() says why.
  bool ReadHeader(std::span<const uint8_t> bytes);

  // Runs `calls` on the decompressor. False: libjpeg found an error, or data that it would make up
  // pixels for; Complaint() says which.
  template <typename Calls>
  bool Guarded(Calls calls) {
    if (setjmp(errors_.back) != 0) return false;
    calls(info_);
    return true;
  }

  // Whether the data has an end: otherwise it was cut off, perhaps after the last row that is read.
  bool HasEnd() const;
  int orientation() const { return orientation_; }  // as Exif or XMP says, 1 to 8
  int height() const { return static_cast<int>(info_.image_height); }
  int width() const { return static_cast<int>(info_.image_width); }
  bool cmyk() const {
    return info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
  }
  bool progressive() const { return info_.progressive_mode != FALSE; }
  int scan() const { return info_.input_scan_number; }
  // Rows of the image whose data has been read: whole rows of blocks.
  int rows_read() const;
  // What the error is: of a kind of JPEG that is not read, or of a file that is damaged.
  std::string Complaint() const;

 private:
  struct Errors {
    jpeg_error_mgr base;  // first: libjpeg hands back a pointer to it
    jmp_buf back;
    char text[JMSG_LENGTH_MAX];
  };

  [[noreturn]] static void Leave(j_common_ptr info);
  static void RefuseManyScans(j_common_ptr info);
  int OrientationOfMarkers() const;
  static bool LosesPixels(const jpeg_error_mgr& error);

  JpegArena arena_;
  jpeg_decompress_struct info_{};
  Errors errors_{};
  jpeg_progress_mgr progress_{};
  bool created_ = false;
  int orientation_ = 1;
};

}  // namespace flowtrain
