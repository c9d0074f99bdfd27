#include "nodes/decode/decode_pam.h"

#include <string_view>

#include "nodes/decode/complaint.h"
#include "nodes/decode/samples_to_rgb.h"
#include "nodes/decode/text_header.h"
#include "nodes/image/pixel_limit.h"

namespace flowtrain {
namespace {

struct PamHeader {
  int64_t height = -1, width = -1, depth = -1, most = -1;
  std::string_view type;  // the first word of TUPLTYPE; empty where there is none
};

bool ReadHeader(TextHeader& text, PamHeader& header) {
  text.Word();  // P7
  for (;;) {
    const std::string_view word = text.Word();
    if (word == "ENDHDR") break;
    if (word.empty()) return false;
    if (word == "WIDTH")
      header.width = text.Number();
    else if (word == "HEIGHT")
      header.height = text.Number();
    else if (word == "DEPTH")
      header.depth = text.Number();
    else if (word == "MAXVAL")
      header.most = text.Number();
    else if (word == "TUPLTYPE")
      header.type = text.Word();
    else
      return false;
  }
  text.EndLine();
  return header.width >= 1 && header.height >= 1 && header.depth >= 1 && header.most >= 1 &&
         header.most <= 65535;
}

// The colours among the samples of a pixel; none for a type that is not known.
bool ColoursOf(const PamHeader& header, SampleColours& colours) {
  const bool alpha = header.type.ends_with("_ALPHA");
  const std::string_view base = alpha ? header.type.substr(0, header.type.size() - 6) : header.type;
  const auto is = [&](std::string_view name, int64_t samples) {
    if (base.empty()) return header.depth == samples || header.depth == samples + 1;
    return base == name && header.depth == samples + (alpha ? 1 : 0);
  };
  if (is("GRAYSCALE", 1) || is("BLACKANDWHITE", 1)) {
    colours = SampleColours::kGrey;
  } else if (is("RGB", 3)) {
    colours = SampleColours::kRgb;
  } else if (!base.empty() && is("CMYK", 4)) {
    colours = SampleColours::kCmyk;
  } else {
    return false;
  }
  return true;
}

}  // namespace

bool DecodePam(std::span<const uint8_t> file, int64_t max_pixels, RgbImage& out, std::string* why) {
  TextHeader text(file);
  PamHeader header;
  if (!ReadHeader(text, header)) {
    return Refuse(why, Damaged("PAM", "its header has no WIDTH, HEIGHT, DEPTH, MAXVAL and ENDHDR"));
  }
  SampleColours colours = SampleColours::kGrey;
  if (!ColoursOf(header, colours)) {
    return Refuse(why, NotSupported("PAM of " + std::to_string(header.depth) +
                                    " samples a pixel and TUPLTYPE '" +
                                    std::string(header.type.substr(0, 40)) + "'"));
  }
  if (TooLarge(header.height, header.width, max_pixels, why)) return false;
  uint8_t* rgb = out.Resize(static_cast<int>(header.height), static_cast<int>(header.width)).data();
  return SamplesToRgb("PAM", file.subspan(text.position()),
                      {.height = header.height,
                       .width = header.width,
                       .samples = static_cast<int>(header.depth),
                       .most = static_cast<uint32_t>(header.most),
                       .colours = colours},
                      rgb, why);
}

}  // namespace flowtrain
