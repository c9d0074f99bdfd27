// WebP by libwebp.
#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <memory>

#include "nodes/decode/byte_reader.h"
#include "nodes/decode/complaint.h"
#include "nodes/decode/plugin/codec_export.h"

namespace flowtrain::codec {
namespace {

constexpr int kMostShrink = 8;

struct DeleteDemuxer {
  void operator()(WebPDemuxer* demuxer) const { WebPDemuxDelete(demuxer); }
};
using Demuxer = std::unique_ptr<WebPDemuxer, DeleteDemuxer>;

// Iterators must be released.
struct Frame : WebPIterator {
  explicit Frame(const WebPDemuxer* demuxer) : WebPIterator{} {
    there = WebPDemuxGetFrame(demuxer, 1, this) != 0;
  }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  ~Frame() { WebPDemuxReleaseIterator(this); }
  bool there;
};

struct Chunk : WebPChunkIterator {
  Chunk(const WebPDemuxer* demuxer, const char* name) : WebPChunkIterator{} {
    there = WebPDemuxGetChunk(demuxer, name, 1, this) != 0;
  }
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;
  ~Chunk() { WebPDemuxReleaseChunkIterator(this); }
  bool there;
};

// RIFF says how long the file is.
void RefuseCutOff(File file) {
  constexpr size_t kSizeAt = 4, kNotCounted = 8;
  const size_t size = kNotCounted + ByteReader(file, std::endian::little).U32(kSizeAt);
  if (size > file.size()) throw Refusal(CutOff("WebP", file.size(), size, "bytes"));
}

[[noreturn]] void RefuseDamaged(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY:
      throw Refusal("there is not enough memory for it");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      throw Refusal(NotSupported("WebP with a feature that libwebp does not know"));
    case VP8_STATUS_NOT_ENOUGH_DATA:
      throw Refusal(Damaged("WebP", "the pixels' data ends early"));
    default:
      throw Refusal(Damaged("WebP", "the pixels' data is not sound"));
  }
}

// Decodes `part` of a frame to `pixels`, in rows of `stride` bytes.
void DecodeFrame(const WebPData& data, const flowtrain_part& part, uint8_t* pixels, int stride) {
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) throw Refusal("libwebp is of another version");
  config.options.use_cropping = 1;
  config.options.crop_top = part.top * part.shrink;
  config.options.crop_left = part.left * part.shrink;
  config.options.crop_height = part.height * part.shrink;
  config.options.crop_width = part.width * part.shrink;
  if (part.shrink > 1) {
    config.options.use_scaling = 1;
    config.options.scaled_height = part.height;
    config.options.scaled_width = part.width;
  }
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = pixels;
  config.output.u.RGBA.stride = stride;
  config.output.u.RGBA.size = static_cast<size_t>(stride) * static_cast<size_t>(part.height - 1) +
                              3 * static_cast<size_t>(part.width);
  const VP8StatusCode status = WebPDecode(data.bytes, data.size, &config);
  WebPFreeDecBuffer(&config.output);
  if (status != VP8_STATUS_OK) RefuseDamaged(status);
}

// Where a lossless image is transparent, libwebp would reduce it to black.
int MostShrink(const WebPData& data) {
  constexpr int kLossless = 2;
  WebPBitstreamFeatures features;
  if (const VP8StatusCode status = WebPGetFeatures(data.bytes, data.size, &features)) {
    RefuseDamaged(status);
  }
  return features.format == kLossless && features.has_alpha != 0 ? 1 : kMostShrink;
}

// The whole image, or the first frame of an animation.
void Decode(File file, const flowtrain_host& host) {
  RefuseCutOff(file);
  const WebPData data{file.data(), file.size()};
  const Demuxer demuxer(WebPDemux(&data));
  if (demuxer == nullptr) throw Refusal(Damaged("WebP", "its chunks are not sound"));
  const Frame frame(demuxer.get());
  if (!frame.there) throw Refusal(Damaged("WebP", "it holds no image"));
  const Chunk exif(demuxer.get(), "EXIF"), xmp(demuxer.get(), "XMP ");
  flowtrain_stored_image image{};
  image.height = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT);
  image.width = WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH);
  if (exif.there) {
    image.exif = exif.chunk.bytes;
    image.exif_bytes = exif.chunk.size;
  }
  if (xmp.there) {
    image.xmp = xmp.chunk.bytes;
    image.xmp_bytes = xmp.chunk.size;
  }
  const bool fills = frame.height == image.height && frame.width == image.width;
  image.most_shrink = fills ? MostShrink(frame.fragment) : 0;
  const Place place = Begin(host, image);
  const int stride = 3 * place.part.width;
  if (fills) return DecodeFrame(frame.fragment, place.part, place.pixels, stride);
  // A frame that covers a part of the animation: the rest is black, as other readers show it.
  std::fill_n(place.pixels, static_cast<size_t>(stride) * static_cast<size_t>(place.part.height),
              uint8_t{0});
  DecodeFrame(frame.fragment, {0, 0, frame.height, frame.width, 1},
              place.pixels + static_cast<ptrdiff_t>(frame.y_offset) * stride + 3 * frame.x_offset,
              stride);
}

}  // namespace

FLOWTRAIN_EXPORT_CODEC(Decode);

}  // namespace flowtrain::codec
