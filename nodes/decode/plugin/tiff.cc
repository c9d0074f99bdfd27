// TIFF by libtiff, which undoes the compression; how samples become RGB is said here.
#include <algorithm>
#include <cstring>
#include <vector>

#include "nodes/decode/byte_reader.h"
#include "nodes/decode/complaint.h"
#include "nodes/decode/eight_bits.h"
#include "nodes/decode/plugin/codec_export.h"
#include "nodes/decode/plugin/tiff_file.h"

namespace flowtrain::codec {
namespace {

enum class Colours : uint8_t { kGrey, kInvertedGrey, kPalette, kRgb, kCmyk, kYcc };

struct Layout {
  uint32_t height = 0, width = 0;
  int bits = 1, samples = 1;  // of a sample; of a pixel
  Colours colours = Colours::kGrey;
  int multiplied_by = 0;  // the sample that is an alpha which the colours contain; 0: none
  bool planes = false;    // a plane for each sample
  uint32_t most() const { return (1u << bits) - 1; }
  int colour_samples() const {
    return colours == Colours::kRgb ? 3 : (colours == Colours::kCmyk ? 4 : 1);
  }
};

std::string Bits(int bits, const char* what) { return std::to_string(bits) + "-bit " + what; }

// A camera's raw file is a TIFF whose first image is a small preview, or has one colour a pixel.
bool IsCameraRaw(const TiffFile& tiff, uint16_t photometric) {
  constexpr uint16_t kColourFilterArray = 32803, kLinearRaw = 34892;
  uint16_t count = 0;
  void* ignored = nullptr;
  const bool preview = (tiff.Get<uint32_t>(TIFFTAG_SUBFILETYPE, 0) & FILETYPE_REDUCEDIMAGE) != 0;
  return photometric == kColourFilterArray || photometric == kLinearRaw ||
         TIFFGetField(tiff.get(), TIFFTAG_DNGVERSION, &ignored) == 1 ||
         (preview && TIFFGetField(tiff.get(), TIFFTAG_SUBIFD, &count, &ignored) == 1);
}

Colours ColoursOf(const TiffFile& tiff, uint16_t photometric) {
  switch (photometric) {
    case PHOTOMETRIC_MINISBLACK:
      return Colours::kGrey;
    case PHOTOMETRIC_MINISWHITE:
      return Colours::kInvertedGrey;
    case PHOTOMETRIC_RGB:
      return Colours::kRgb;
    case PHOTOMETRIC_PALETTE:
      return Colours::kPalette;
    case PHOTOMETRIC_SEPARATED:
      if (tiff.Get<uint16_t>(TIFFTAG_INKSET, INKSET_CMYK) == INKSET_CMYK) return Colours::kCmyk;
      throw Refusal(NotSupported("TIFF of inks other than CMYK"));
    case PHOTOMETRIC_YCBCR:
      // libtiff brings the JPEG data in it to RGB.
      if (tiff.Get<uint16_t>(TIFFTAG_COMPRESSION, 1) == COMPRESSION_JPEG) {
        TIFFSetField(tiff.get(), TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        return Colours::kRgb;
      }
      return Colours::kYcc;
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB:
    case PHOTOMETRIC_ITULAB:
      throw Refusal(NotSupported("CIELAB TIFF"));
    default:
      throw Refusal(
          NotSupported("TIFF with photometric interpretation " + std::to_string(photometric)));
  }
}

void CheckCompression(const TiffFile& tiff) {
  const auto compression = tiff.Get<uint16_t>(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
  if (TIFFIsCODECConfigured(compression) == 1) return;
  const TIFFCodec* codec = TIFFFindCODEC(compression);
  throw Refusal(NotSupported("TIFF with compression " + std::to_string(compression) +
                             (codec == nullptr ? "" : std::string(" (") + codec->name + ")")));
}

void CheckSamples(const TiffFile& tiff, const Layout& layout) {
  const auto format = tiff.Get<uint16_t>(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
  if (format == SAMPLEFORMAT_IEEEFP) {
    throw Refusal(NotSupported(Bits(layout.bits, "floating-point TIFF")));
  }
  if (format != SAMPLEFORMAT_UINT && format != SAMPLEFORMAT_VOID) {
    throw Refusal(NotSupported(format == SAMPLEFORMAT_INT ? "TIFF of signed integers"
                                                          : "TIFF of complex numbers"));
  }
  if (layout.bits < 1 || layout.bits > 16) throw Refusal(NotSupported(Bits(layout.bits, "TIFF")));
  if (layout.colours == Colours::kYcc) return;
  const int more = layout.samples - layout.colour_samples();
  const int most_more = layout.colours == Colours::kRgb ? 3 : 1;
  if (more < 0 || more > most_more) {
    throw Refusal(NotSupported("TIFF of " + std::to_string(layout.samples) + " samples a pixel"));
  }
}

Layout ReadLayout(const TiffFile& tiff) {
  Layout layout;
  layout.height = tiff.Get<uint32_t>(TIFFTAG_IMAGELENGTH, 0);
  layout.width = tiff.Get<uint32_t>(TIFFTAG_IMAGEWIDTH, 0);
  layout.bits = tiff.Get<uint16_t>(TIFFTAG_BITSPERSAMPLE, 1);
  layout.samples = tiff.Get<uint16_t>(TIFFTAG_SAMPLESPERPIXEL, 1);
  layout.planes =
      tiff.Get<uint16_t>(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) == PLANARCONFIG_SEPARATE;
  if (layout.height == 0 || layout.width == 0) {
    throw Refusal(Damaged("TIFF", "it has no pixels"));
  }
  uint16_t photometric = layout.samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
  photometric = tiff.Get<uint16_t>(TIFFTAG_PHOTOMETRIC, photometric);
  if (IsCameraRaw(tiff, photometric)) {
    throw Refusal(NotSupported("a camera's raw file (TIFF, as DNG, NEF and ARW are)"));
  }
  CheckCompression(tiff);
  layout.colours = ColoursOf(tiff, photometric);
  CheckSamples(tiff, layout);
  uint16_t extras = 0;
  const uint16_t* extra = nullptr;
  if (TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_EXTRASAMPLES, &extras, &extra) == 1 && extras > 0) {
    const int colours = layout.colour_samples();
    for (int i = 0; i < std::min<int>(extras, layout.samples - colours); ++i) {
      if (extra[i] == EXTRASAMPLE_ASSOCALPHA) layout.multiplied_by = colours + i;
    }
  }
  return layout;
}

// Unpacks `count` samples to `to`, each `step` further.
void Unpack(const uint8_t* packed, int bits, size_t count, uint16_t* to, size_t step) {
  if (bits == 8) {
    for (size_t i = 0; i < count; ++i) to[i * step] = packed[i];
  } else if (bits == 16) {
    for (size_t i = 0; i < count; ++i) std::memcpy(to + i * step, packed + 2 * i, 2);
  } else {
    uint32_t held = 0;
    int held_bits = 0;
    for (size_t i = 0; i < count; ++i) {
      for (; held_bits < bits; held_bits += 8) held = held << 8 | *packed++;
      held_bits -= bits;
      to[i * step] = static_cast<uint16_t>(held >> held_bits & ((1u << bits) - 1));
    }
  }
}

// Brings pixels of unpacked samples to RGB.
class ToRgb {
 public:
  ToRgb(const TiffFile& tiff, const Layout& layout)
      : layout_(layout), byte_of_(ByteTable(layout.most())) {
    if (layout.colours == Colours::kPalette) ReadPalette(tiff);
  }

  void Row(const uint16_t* samples, uint8_t* rgb) const {
    for (uint32_t x = 0; x < layout_.width; ++x, samples += layout_.samples, rgb += 3) {
      Pixel(samples, rgb);
    }
  }

 private:
  void ReadPalette(const TiffFile& tiff) {
    uint16_t* channels[3] = {};
    if (TIFFGetField(tiff.get(), TIFFTAG_COLORMAP, &channels[0], &channels[1], &channels[2]) != 1) {
      throw Refusal(Damaged("TIFF", "it has no palette"));
    }
    const size_t colours = layout_.most() + 1;
    // Some writers put bytes where the format has 16 bits.
    const bool bytes = std::all_of(channels, channels + 3, [colours](const uint16_t* channel) {
      return std::all_of(channel, channel + colours, [](uint16_t value) { return value < 256; });
    });
    for (size_t i = 0; i < colours; ++i) {
      for (const uint16_t* channel : channels) {
        palette_.push_back(static_cast<uint8_t>(bytes ? channel[i] : channel[i] >> 8));
      }
    }
  }

  uint8_t Colour(const uint16_t* samples, int i) const {
    uint32_t value = samples[i];
    if (layout_.multiplied_by > 0) {
      const uint32_t alpha = samples[layout_.multiplied_by], most = layout_.most();
      value = alpha == 0 ? 0 : std::min(most, value * most / alpha);
    }
    return byte_of_[value];
  }

  void Pixel(const uint16_t* samples, uint8_t* rgb) const {
    switch (layout_.colours) {
      case Colours::kGrey:
        std::fill_n(rgb, 3, Colour(samples, 0));
        break;
      case Colours::kInvertedGrey:
        std::fill_n(rgb, 3, static_cast<uint8_t>(byte_of_[layout_.most() - samples[0]]));
        break;
      case Colours::kPalette:
        std::copy_n(palette_.data() + size_t{3} * samples[0], 3, rgb);
        break;
      case Colours::kCmyk: {
        uint8_t ink[4];
        for (int i = 0; i < 4; ++i) ink[i] = Colour(samples, i);
        const auto light = CmykInkToRgb(ink);
        std::copy(light.begin(), light.end(), rgb);
        break;
      }
      case Colours::kRgb:
      case Colours::kYcc:  // does not come here
        for (int i = 0; i < 3; ++i) rgb[i] = Colour(samples, i);
        break;
    }
  }

  const Layout& layout_;
  std::vector<uint8_t> byte_of_, palette_;
};

[[noreturn]] void Fail(const TiffFile& tiff, uint32_t part) {
  if (tiff.Lacks(part)) throw Refusal(CutOff("TIFF", tiff.bytes(), tiff.PixelsEnd(), "bytes"));
  throw Refusal(Damaged("TIFF", tiff.error().empty() ? tiff.loss() : tiff.error()));
}

void DecodeStrips(const TiffFile& tiff, const Layout& layout, uint8_t* rgb) {
  const ToRgb to_rgb(tiff, layout);
  const auto samples = static_cast<size_t>(layout.samples);
  std::vector<uint8_t> packed(static_cast<size_t>(TIFFScanlineSize(tiff.get())));
  const size_t planes = layout.planes ? samples : 1, a_plane = layout.planes ? 1 : samples;
  if (packed.size() < (layout.width * a_plane * static_cast<size_t>(layout.bits) + 7) / 8) {
    throw Refusal(Damaged("TIFF", "its rows are too short"));
  }
  // Rows of a plane follow each other: libtiff can go back only to the beginning of a strip.
  std::vector<uint16_t> all(planes == 1 ? layout.width * samples
                                        : layout.width * samples * layout.height);
  for (size_t plane = 0; plane < planes; ++plane) {
    for (uint32_t y = 0; y < layout.height; ++y) {
      const auto sample = static_cast<uint16_t>(plane);
      if (TIFFReadScanline(tiff.get(), packed.data(), y, sample) != 1 || !tiff.loss().empty()) {
        Fail(tiff, TIFFComputeStrip(tiff.get(), y, sample));
      }
      uint16_t* row = all.data() + (planes == 1 ? 0 : layout.width * samples * y);
      Unpack(packed.data(), layout.bits, layout.width * a_plane, row + plane, planes);
      if (plane + 1 == planes) to_rgb.Row(row, rgb + size_t{3} * layout.width * y);
    }
  }
}

void DecodeTiles(const TiffFile& tiff, const Layout& layout, uint8_t* rgb) {
  const auto tile_height = tiff.Get<uint32_t>(TIFFTAG_TILELENGTH, 0);
  const auto tile_width = tiff.Get<uint32_t>(TIFFTAG_TILEWIDTH, 0);
  constexpr uint64_t kMostTilePixels = uint64_t{1} << 26;
  const uint64_t tile_pixels = uint64_t{tile_height} * tile_width;
  if (tile_pixels == 0 || tile_pixels > kMostTilePixels) {
    throw Refusal(NotSupported("TIFF with tiles of " + std::to_string(tile_width) + "x" +
                               std::to_string(tile_height) + " pixels"));
  }
  const ToRgb to_rgb(tiff, layout);
  const auto samples = static_cast<size_t>(layout.samples);
  const size_t planes = layout.planes ? samples : 1, a_plane = layout.planes ? 1 : samples;
  const auto row_bytes = static_cast<size_t>(TIFFTileRowSize(tiff.get()));
  std::vector<uint8_t> packed(static_cast<size_t>(TIFFTileSize(tiff.get())));
  if (row_bytes < (tile_width * a_plane * static_cast<size_t>(layout.bits) + 7) / 8 ||
      packed.size() < row_bytes * tile_height) {
    throw Refusal(Damaged("TIFF", "its tiles are too small"));
  }
  const uint32_t band_height = std::min(tile_height, layout.height);
  std::vector<uint16_t> band(size_t{band_height} * layout.width * samples);
  for (uint32_t top = 0; top < layout.height; top += band_height) {
    const uint32_t rows = std::min(band_height, layout.height - top);
    for (uint32_t left = 0; left < layout.width; left += tile_width) {
      const size_t columns = std::min(tile_width, layout.width - left);
      for (size_t plane = 0; plane < planes; ++plane) {
        const auto sample = static_cast<uint16_t>(plane);
        if (TIFFReadTile(tiff.get(), packed.data(), left, top, 0, sample) < 0 ||
            !tiff.loss().empty()) {
          Fail(tiff, TIFFComputeTile(tiff.get(), left, top, 0, sample));
        }
        for (size_t y = 0; y < rows; ++y) {
          Unpack(packed.data() + y * row_bytes, layout.bits, columns * a_plane,
                 band.data() + (y * layout.width + left) * samples + plane, planes);
        }
      }
    }
    for (size_t y = 0; y < rows; ++y) {
      to_rgb.Row(band.data() + y * layout.width * samples,
                 rgb + size_t{3} * layout.width * (top + y));
    }
  }
}

// YCbCr that is no JPEG, perhaps with fewer samples of colour: libtiff's own conversion.
void DecodeYcc(const TiffFile& tiff, const Layout& layout, uint8_t* rgb) {
  char text[1024] = "";
  TIFFRGBAImage image;
  if (TIFFRGBAImageOK(tiff.get(), text) == 0 ||
      TIFFRGBAImageBegin(&image, tiff.get(), 1, text) == 0) {
    throw Refusal(NotSupported(std::string("YCbCr TIFF of this kind (") + text + ")"));
  }
  const std::unique_ptr<TIFFRGBAImage, void (*)(TIFFRGBAImage*)> end(&image, TIFFRGBAImageEnd);
  image.orientation = image.req_orientation = ORIENTATION_TOPLEFT;  // as it is stored
  std::vector<uint32_t> pixels(size_t{layout.height} * layout.width);
  if (TIFFRGBAImageGet(&image, pixels.data(), layout.width, layout.height) == 0 ||
      !tiff.loss().empty()) {
    Fail(tiff, 0);
  }
  for (const uint32_t pixel : pixels) {
    *rgb++ = static_cast<uint8_t>(TIFFGetR(pixel));
    *rgb++ = static_cast<uint8_t>(TIFFGetG(pixel));
    *rgb++ = static_cast<uint8_t>(TIFFGetB(pixel));
  }
}

// The directory, which says what is where, is often the last part of the file.
void RefuseCutOff(File file) {
  const bool little = file[0] == 'I', big_tiff = file[little ? 2 : 3] == 43;
  ByteReader in(file, little ? std::endian::little : std::endian::big);
  const uint64_t directory = big_tiff ? in.U64(8) : in.U32(4);
  if (in.cut()) throw Refusal("cut-off TIFF: it ends within its header");
  if (directory >= file.size()) throw Refusal(CutOff("TIFF", file.size(), directory, "bytes"));
}

void NoteOrientation(const TiffFile& tiff, flowtrain_stored_image& image) {
  uint16_t orientation = 0;
  uint32_t bytes = 0;
  const void* packet = nullptr;
  if (TIFFGetField(tiff.get(), TIFFTAG_ORIENTATION, &orientation) == 1) {
    image.orientation = orientation;
  } else if (TIFFGetField(tiff.get(), TIFFTAG_XMLPACKET, &bytes, &packet) == 1) {
    image.xmp = static_cast<const uint8_t*>(packet);
    image.xmp_bytes = bytes;
  }
}

void Decode(File file, const flowtrain_host& host) {
  RefuseCutOff(file);
  const TiffFile tiff(file);
  if (tiff.get() == nullptr) {
    const std::string& error = tiff.error();
    if (error.starts_with("IO error") || error.starts_with("Can not read TIFF directory")) {
      throw Refusal("cut-off TIFF: it ends within its directory");
    }
    if (error.starts_with("Cannot handle different")) {
      throw Refusal(NotSupported("TIFF whose samples differ in depth"));
    }
    throw Refusal(Damaged("TIFF", error));
  }
  const Layout layout = ReadLayout(tiff);
  flowtrain_stored_image image{};
  image.height = layout.height;
  image.width = layout.width;
  NoteOrientation(tiff, image);
  uint8_t* rgb = Begin(host, image).pixels;
  if (layout.colours == Colours::kYcc) {
    DecodeYcc(tiff, layout, rgb);
  } else if (TIFFIsTiled(tiff.get()) != 0) {
    DecodeTiles(tiff, layout, rgb);
  } else {
    DecodeStrips(tiff, layout, rgb);
  }
}

}  // namespace

FLOWTRAIN_EXPORT_CODEC(Decode);

}  // namespace flowtrain::codec
