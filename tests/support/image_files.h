// Writers of small image files for the tests of decoding.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

// jpeglib.h needs size_t and FILE declared before it.
#include <jpeglib.h>

#include "tests/support/files.h"

namespace flowtrain {

// An image of one, three or four channels, packed.
struct Raw {
  int height = 0, width = 0, channels = 0;
  Bytes values;
};

// Ramps, which JPEG preserves well.
inline Raw SmoothImage(int height, int width, int channels) {
  Raw image{height, width, channels, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < channels; ++c) {
        const int ramp = c % 2 == 0 ? 40 + 160 * x / width : 220 - 150 * y / height;
        image.values.push_back(static_cast<uint8_t>(c == 2 ? 255 - ramp / 2 : ramp));
      }
    }
  }
  return image;
}

inline Raw SolidImage(int height, int width, const Bytes& colour) {
  Raw image{height, width, static_cast<int>(colour.size()), {}};
  for (int i = 0; i < height * width; ++i) {
    image.values.insert(image.values.end(), colour.begin(), colour.end());
  }
  return image;
}

// The data of an APP1 segment with this orientation, after another tag.
inline Bytes ExifSegment(int orientation, bool big_endian) {
  Bytes data;
  for (const char c : {'E', 'x', 'i', 'f', '\0', '\0'}) data.push_back(static_cast<uint8_t>(c));
  auto number = [&](uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) {
      const int shift = 8 * (big_endian ? bytes - 1 - i : i);
      data.push_back(static_cast<uint8_t>(value >> shift));
    }
  };
  for (int i = 0; i < 2; ++i) data.push_back(big_endian ? 'M' : 'I');
  number(42, 2);
  number(8, 4);
  number(2, 2);                                                 // entries
  for (const uint32_t field : {0x0100u, 3u}) number(field, 2);  // width, short
  number(1, 4), number(7, 2), number(0, 2);
  for (const uint32_t field : {0x0112u, 3u}) number(field, 2);  // orientation, short
  number(1, 4), number(static_cast<uint32_t>(orientation), 2), number(0, 2);
  number(0, 4);
  return data;
}

struct JpegOptions {
  int quality = 95;
  bool progressive = false;
  bool scan_a_coefficient = false;     // of three channels: progressive, in 190 scans
  bool full_chroma = false;            // no chroma subsampling: sharp colour edges stay
  int sampling_x = 2, sampling_y = 2;  // chroma subsampling: pixels per sample, unless full_chroma
  bool ycck = false;                   // of four channels: YCCK instead of CMYK
  int restart_rows = 0;                // MCU rows between restart markers; 0: none
  int orientation = 0;                 // writes an EXIF segment; 0: none
  bool big_endian = true;              // of the EXIF segment
};

// One channel: greyscale; three: YCbCr; four: CMYK as given (Adobe's files hold it inverted).
inline Bytes WriteJpeg(const Raw& image, const JpegOptions& options = {}) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.input_components = image.channels;
  info.in_color_space =
      image.channels == 1 ? JCS_GRAYSCALE : (image.channels == 3 ? JCS_RGB : JCS_CMYK);
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, options.quality, TRUE);
  if (options.ycck) jpeg_set_colorspace(&info, JCS_YCCK);
  if (image.channels == 3) {
    info.comp_info[0].h_samp_factor = options.full_chroma ? 1 : options.sampling_x;
    info.comp_info[0].v_samp_factor = options.full_chroma ? 1 : options.sampling_y;
  }
  if (options.progressive) jpeg_simple_progression(&info);
  std::vector<jpeg_scan_info> scans = {{3, {0, 1, 2}, 0, 0, 0, 0}};
  for (int k = 1; k < 64; ++k) {
    for (int component = 0; component < 3; ++component) {
      scans.push_back({1, {component}, k, k, 0, 0});
    }
  }
  if (options.scan_a_coefficient) {
    info.scan_info = scans.data();
    info.num_scans = static_cast<int>(scans.size());
  }
  info.restart_in_rows = options.restart_rows;
  jpeg_start_compress(&info, TRUE);
  if (options.orientation != 0) {
    const Bytes exif = ExifSegment(options.orientation, options.big_endian);
    jpeg_write_marker(&info, JPEG_APP0 + 1, exif.data(), static_cast<unsigned>(exif.size()));
  }
  Bytes values = image.values;
  while (info.next_scanline < info.image_height) {
    uint8_t* row = values.data() + static_cast<size_t>(info.next_scanline) *
                                       static_cast<size_t>(image.width * image.channels);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  Bytes file(memory, memory + size);
  jpeg_destroy_compress(&info);
  std::free(memory);
  return file;
}

namespace png_file {

inline void AppendBigEndian(Bytes& to, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<uint8_t>(value >> shift));
}

inline uint32_t Crc32(const uint8_t* bytes, size_t size) {
  uint32_t crc = ~0u;
  for (size_t i = 0; i < size; ++i) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0u);
  }
  return ~crc;
}

inline void AppendChunk(Bytes& png, const std::string& type, const Bytes& data) {
  AppendBigEndian(png, static_cast<uint32_t>(data.size()));
  const size_t begin = png.size();
  png.insert(png.end(), type.begin(), type.end());
  png.insert(png.end(), data.begin(), data.end());
  AppendBigEndian(png, Crc32(png.data() + begin, png.size() - begin));
}

// A zlib stream of one stored block (data below 64 KiB).
inline Bytes Stored(const Bytes& data) {
  const auto size = static_cast<uint16_t>(data.size());
  Bytes stream = {0x78, 0x01, 1};
  for (const uint16_t word : {size, static_cast<uint16_t>(~size)}) {
    stream.push_back(static_cast<uint8_t>(word));
    stream.push_back(static_cast<uint8_t>(word >> 8));
  }
  stream.insert(stream.end(), data.begin(), data.end());
  uint32_t low = 1, high = 0;  // Adler-32
  for (const uint8_t byte : data) {
    low = (low + byte) % 65521;
    high = (high + low) % 65521;
  }
  AppendBigEndian(stream, high << 16 | low);
  return stream;
}

}  // namespace png_file

// A PNG without compression. `colour_type` is the format's number: 0 grey, 2 RGB, 3 palette, 4 grey
// and alpha, 6 RGB and alpha. `values` are the packed rows; the palette is RGB.
inline Bytes WritePng(int height, int width, int bits, int colour_type, const Bytes& values,
                      const Bytes& palette = {}, const Bytes& transparency = {}) {
  Bytes header;
  png_file::AppendBigEndian(header, static_cast<uint32_t>(width));
  png_file::AppendBigEndian(header, static_cast<uint32_t>(height));
  const Bytes rest = {static_cast<uint8_t>(bits), static_cast<uint8_t>(colour_type), 0, 0, 0};
  header.insert(header.end(), rest.begin(), rest.end());

  const size_t row_bytes = values.size() / static_cast<size_t>(height);
  Bytes filtered;
  for (size_t at = 0; at < values.size(); at += row_bytes) {
    filtered.push_back(0);  // no filter
    const auto row = values.begin() + static_cast<ptrdiff_t>(at);
    filtered.insert(filtered.end(), row, row + static_cast<ptrdiff_t>(row_bytes));
  }
  Bytes png = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  png_file::AppendChunk(png, "IHDR", header);
  if (!palette.empty()) png_file::AppendChunk(png, "PLTE", palette);
  if (!transparency.empty()) png_file::AppendChunk(png, "tRNS", transparency);
  png_file::AppendChunk(png, "IDAT", png_file::Stored(filtered));
  png_file::AppendChunk(png, "IEND", {});
  return png;
}

// A binary PPM (three channels) or PGM (one).
inline Bytes WritePnm(const Raw& image) {
  const std::string header = (image.channels == 3 ? "P6\n" : "P5\n") + std::to_string(image.width) +
                             ' ' + std::to_string(image.height) + "\n255\n";
  Bytes file(header.begin(), header.end());
  file.insert(file.end(), image.values.begin(), image.values.end());
  return file;
}

}  // namespace flowtrain
