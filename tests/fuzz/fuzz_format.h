// What the targets of image formats share.
#pragma once

#include <cstdlib>
#include <string>

#include "nodes/decode/decode.h"
#include "nodes/decode/file_format.h"
#include "tests/fuzz/fuzz.h"

namespace flowtrain::fuzz {

// Asks for the middle of an image, reduced.
class Middle final : public PartChooser {
 public:
  WantedPart Choose(int height, int width) const override {
    return {height / 4, width / 4, (height + 1) / 2, (width + 1) / 2, 4};
  }
};

// Decodes a file, whole and in part, if it is of the reader's format.
inline void FuzzFormat(Reader reader, Bytes file) {
  [[maybe_unused]] static const bool ready =
      setenv("FLOWTRAIN_PLUGINS", FLOWTRAIN_FUZZ_PLUGINS, 0) == 0;
  if (FormatOf(file).reader != reader) return;
  static DecodeScratch scratch;
  scratch.max_pixels = 250'000;  // so that no input is slow
  const Middle middle;
  for (const PartChooser* chooser :
       {static_cast<const PartChooser*>(nullptr), static_cast<const PartChooser*>(&middle)}) {
    EncodedImage encoded;
    encoded.bytes = file;
    RgbImage image;
    std::string why;
    if (!DecodeToRgb(encoded, scratch, chooser, image, &why)) {
      Require(!why.empty(), "a refusal has a reason");
      Require(why.find("flowtrain_") == std::string::npos, "the plug-in is there");
      continue;
    }
    const auto area = static_cast<size_t>(image.height) * static_cast<size_t>(image.width);
    Require(area <= 250'000, "no image has more pixels than are allowed");
    Require(image.pixels.size() == 3 * area, "an image has as many pixels as its size says");
  }
}

}  // namespace flowtrain::fuzz
