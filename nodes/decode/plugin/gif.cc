// GIF by giflib: the first image of the file.
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "nodes/decode/complaint.h"
#include "nodes/decode/plugin/codec_export.h"

namespace flowtrain::codec {
namespace {

struct Input {
  File rest;
};

int Read(GifFileType* gif, GifByteType* to, int bytes) {
  File& rest = static_cast<Input*>(gif->UserData)->rest;
  const size_t got = std::min(rest.size(), static_cast<size_t>(bytes));
  std::copy_n(rest.data(), got, to);
  rest = rest.subspan(got);
  return static_cast<int>(got);
}

struct CloseGif {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using Gif = std::unique_ptr<GifFileType, CloseGif>;

[[noreturn]] void Fail(const Input& input, int error, const char* where) {
  if (input.rest.empty()) throw Refusal(std::string("cut-off GIF: it ends within ") + where);
  const char* text = GifErrorString(error);
  throw Refusal(Damaged("GIF", text == nullptr ? "it is not sound" : text));
}

// Reads up to the first image. Returns the index of the transparent colour before it, or -1.
int FindImage(GifFileType* gif, const Input& input) {
  int transparent = -1;
  for (;;) {
    GifRecordType type{};
    if (DGifGetRecordType(gif, &type) == GIF_ERROR) Fail(input, gif->Error, "its header");
    if (type == IMAGE_DESC_RECORD_TYPE) return transparent;
    if (type == TERMINATE_RECORD_TYPE) throw Refusal(Damaged("GIF", "it holds no image"));
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(gif, &code, &block) == GIF_ERROR) Fail(input, gif->Error, "an extension");
    while (block != nullptr) {
      GraphicsControlBlock control;
      if (code == GRAPHICS_EXT_FUNC_CODE &&
          DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK) {
        transparent = control.TransparentColor;
      }
      if (DGifGetExtensionNext(gif, &block) == GIF_ERROR) Fail(input, gif->Error, "an extension");
    }
  }
}

using Colours = std::array<std::array<uint8_t, 3>, 256>;

// What a palette lacks is grey, as in an image without one.
Colours ColoursOf(const ColorMapObject* map) {
  Colours colours{};
  for (size_t i = 0; i < colours.size(); ++i) colours[i].fill(static_cast<uint8_t>(i));
  if (map == nullptr) return colours;
  for (int i = 0; i < std::min(map->ColorCount, 256); ++i) {
    const GifColorType& colour = map->Colors[i];
    colours[static_cast<size_t>(i)] = {colour.Red, colour.Green, colour.Blue};
  }
  return colours;
}

// The rows of an image in the order of the file.
std::vector<int> RowOrder(int height, bool interlaced) {
  struct Pass {
    int first, step;
  };
  constexpr Pass kPlain[] = {{0, 1}}, kInterlaced[] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}};
  std::vector<int> rows;
  for (const Pass& pass : interlaced ? std::span<const Pass>(kInterlaced) : kPlain) {
    for (int y = pass.first; y < height; y += pass.step) rows.push_back(y);
  }
  return rows;
}

void Decode(File file, const flowtrain_host& host) {
  Input input{file};
  int error = 0;
  const Gif gif(DGifOpen(&input, Read, &error));
  if (gif == nullptr) Fail(input, error, "its header");
  const int transparent = FindImage(gif.get(), input);
  if (DGifGetImageDesc(gif.get()) == GIF_ERROR) Fail(input, gif->Error, "its header");
  const GifImageDesc& frame = gif->Image;
  if (frame.Height < 1 || frame.Width < 1) throw Refusal(Damaged("GIF", "it has no pixels"));
  flowtrain_stored_image image{};
  // A frame may reach beyond the screen: then that is larger than it says.
  image.height = std::max(gif->SHeight, frame.Top + frame.Height);
  image.width = std::max(gif->SWidth, frame.Left + frame.Width);
  image.orientation = 1;
  const Place place = Begin(host, image);

  const Colours colours = ColoursOf(frame.ColorMap != nullptr ? frame.ColorMap : gif->SColorMap);
  const auto width = static_cast<size_t>(image.width);
  const auto& around = colours[static_cast<size_t>(std::clamp(transparent, 0, 255))];
  for (size_t i = 0; i < width * static_cast<size_t>(image.height); ++i) {
    std::copy_n(around.data(), 3, place.pixels + 3 * i);
  }
  std::vector<GifPixelType> row(static_cast<size_t>(frame.Width));
  const std::vector<int> order = RowOrder(frame.Height, frame.Interlace);
  for (size_t i = 0; i < order.size(); ++i) {
    if (DGifGetLine(gif.get(), row.data(), frame.Width) == GIF_ERROR) {
      if (input.rest.empty()) throw Refusal(CutOff("GIF", i, order.size()));
      Fail(input, gif->Error, "its pixels");
    }
    uint8_t* rgb = place.pixels + 3 * (static_cast<size_t>(frame.Top + order[i]) * width +
                                       static_cast<size_t>(frame.Left));
    for (const GifPixelType index : row) rgb = std::copy_n(colours[index].data(), 3, rgb);
  }
}

}  // namespace

FLOWTRAIN_EXPORT_CODEC(Decode);

}  // namespace flowtrain::codec
