#include "nodes/decode/jpeg_decompressor.h"

#include <jerror.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "nodes/decode/complaint.h"
#include "nodes/decode/exif_orientation.h"

namespace flowtrain {
namespace {

// libjpeg goes over the whole image in each scan of a progressive file, however little the scan
// holds; encoders write about ten.
constexpr int kMostScans = 100;

// Markers of frames that libjpeg does not decode (ISO 10918-1, B.1.1.3; ISO 14495-1).
constexpr int kLossless = 0xC3, kLosslessArithmetic = 0xCB, kJpegLs = 0xF7;

}  // namespace

JpegDecompressor::JpegDecompressor() {
  info_.err = jpeg_std_error(&errors_.base);
  errors_.base.error_exit = [](j_common_ptr info) { Leave(info); };
  errors_.base.emit_message = [](j_common_ptr info, int level) {
    if (level < 0 && LosesPixels(*info->err)) Leave(info);
  };
  errors_.base.output_message = [](j_common_ptr) {};
  progress_.progress_monitor = RefuseManyScans;
}

JpegDecompressor::~JpegDecompressor() {
  if (created_) jpeg_destroy_decompress(&info_);
}

bool JpegDecompressor::ReadHeader(std::span<const uint8_t> bytes) {
  const bool read = Guarded([this, bytes](jpeg_decompress_struct& info) {
    if (!created_) {
      jpeg_create_decompress(&info);
      created_ = true;
      info.progress = &progress_;
      arena_.Serve(info);
      jpeg_save_markers(&info, JPEG_APP0 + 1, 0xFFFF);
    }
    jpeg_abort_decompress(&info);  // whatever became of the previous image
    jpeg_mem_src(&info, bytes.data(), bytes.size());
    jpeg_read_header(&info, TRUE);
  });
  if (read) orientation_ = OrientationOfMarkers();
  return read;
}

// The marker cannot occur in the data of a scan, in which 0 follows every 0xFF.
bool JpegDecompressor::HasEnd() const {
  const uint8_t* first = info_.src->next_input_byte;
  const uint8_t* last = first + info_.src->bytes_in_buffer;
  for (const uint8_t* at = last - 1; at > first; --at) {
    if (at[0] == JPEG_EOI && at[-1] == 0xFF) return true;
  }
  return false;
}

int JpegDecompressor::OrientationOfMarkers() const {
  std::string_view xmp;
  for (auto* marker = info_.marker_list; marker != nullptr; marker = marker->next) {
    const std::span<const uint8_t> segment(marker->data, marker->data_length);
    if (const auto orientation = ExifOrientation(segment)) return *orientation;
    xmp = XmpOfSegment(segment).value_or(xmp);
  }
  return XmpOrientation(xmp).value_or(1);
}

int JpegDecompressor::rows_read() const {
  const int rows = static_cast<int>(info_.input_iMCU_row) * info_.max_v_samp_factor * DCTSIZE;
  return std::min(rows, height());
}

std::string JpegDecompressor::Complaint() const {
  const int parameter = errors_.base.msg_parm.i[0];
  switch (errors_.base.msg_code) {
    case JERR_BAD_PRECISION:
      return NotSupported(std::to_string(parameter) + "-bit JPEG");
    case JERR_SOF_UNSUPPORTED:
      return NotSupported(parameter == kLossless || parameter == kLosslessArithmetic
                              ? "lossless JPEG"
                              : "hierarchical JPEG");
    case JERR_UNKNOWN_MARKER:
      if (parameter == kJpegLs) return NotSupported("JPEG-LS");
      break;
    case JERR_ARITH_NOTIMPL:
      return NotSupported("arithmetic-coded JPEG");
    case JERR_CONVERSION_NOTIMPL:
      return NotSupported("JPEG of " + std::to_string(info_.num_components) + " components");
    case JERR_FRACT_SAMPLE_NOTIMPL:
      return NotSupported("JPEG with fractional sampling");
    case JERR_IMAGE_TOO_BIG:
      return NotSupported("JPEG of more than " + std::to_string(parameter) + " pixels a side");
    case JERR_EMPTY_IMAGE:
      if (info_.image_height == 0 && info_.image_width > 0) {
        return NotSupported("JPEG that gives its height after its pixels (DNL)");
      }
      break;
    case JERR_INPUT_EOF:
    case JWRN_JPEG_EOF:
      return "cut-off JPEG: it ends within its header";
    default:
      break;
  }
  return Damaged("JPEG", errors_.text);
}

void JpegDecompressor::Leave(j_common_ptr info) {
  auto* errors = reinterpret_cast<Errors*>(info->err);
  info->err->format_message(info, errors->text);
  longjmp(errors->back, 1);
}

void JpegDecompressor::RefuseManyScans(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMostScans) return;
  auto* errors = reinterpret_cast<Errors*>(info->err);
  errors->base.msg_code = 0;  // none of libjpeg's
  std::snprintf(errors->text, sizeof errors->text, "it has more than %d scans", kMostScans);
  longjmp(errors->back, 1);
}

// Of libjpeg's warnings, those after which pixels are made up. Spare bytes between two markers
// are common and harmless; before a restart marker they mean that the interval is damaged.
bool JpegDecompressor::LosesPixels(const jpeg_error_mgr& error) {
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

}  // namespace flowtrain
