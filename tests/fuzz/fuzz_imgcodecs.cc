// What OpenCV decodes: WebP, BMP and the rest, by way of the header that is read first.
#include <iostream>

#include "nodes/decode/decode.h"
#include "nodes/decode/image_header.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flowtrain;
  static const bool ready = [] {
    setenv("FLOWTRAIN_PLUGINS", FLOWTRAIN_FUZZ_PLUGINS, 0);
    std::cerr.rdbuf(nullptr);  // OpenCV tells there of every file it cannot decode
    return true;
  }();
  static_cast<void>(ready);
  static Imgcodecs imgcodecs;
  constexpr int64_t kMostPixels = 250'000;  // so that no input is slow
  const fuzz::Bytes file(data, size);
  RgbImage image;
  std::string why;
  if (!imgcodecs.Decode(file, kMostPixels, image, &why)) {
    fuzz::Require(!why.empty(), "a refusal has a reason");
    fuzz::Require(why.find("flowtrain_imgcodecs.so") == std::string::npos, "the plug-in is there");
    return 0;
  }
  const auto area = static_cast<size_t>(image.height) * static_cast<size_t>(image.width);
  fuzz::Require(area <= kMostPixels, "no image has more pixels than are allowed");
  fuzz::Require(image.pixels.size() == 3 * area, "an image has as many pixels as its size says");
  fuzz::Require(ReadImageSize(file).has_value(), "the header was read");
  return 0;
}
