#include "nodes/image/image_extension.h"

#include <algorithm>
#include <iterator>

#include "pipeline/base/text/lower_case.h"

namespace flowtrain {
namespace {

struct Promise {
  std::string_view extension;
  Reader reader;
};
constexpr Promise kPromises[] = {
    {"jpg", Reader::kJpeg},      {"jpeg", Reader::kJpeg},    {"jpe", Reader::kJpeg},
    {"jfif", Reader::kJpeg},     {"png", Reader::kPng},      {"bmp", Reader::kBmp},
    {"dib", Reader::kBmp},       {"webp", Reader::kWebp},    {"tif", Reader::kTiff},
    {"tiff", Reader::kTiff},     {"jp2", Reader::kJpeg2000}, {"j2k", Reader::kJpeg2000},
    {"jpf", Reader::kJpeg2000},  {"jpx", Reader::kJpeg2000}, {"j2c", Reader::kJpeg2000},
    {"ppm", Reader::kPnm},       {"pgm", Reader::kPnm},      {"pbm", Reader::kPnm},
    {"pnm", Reader::kPnm},       {"pxm", Reader::kPnm},      {"pam", Reader::kPam},
    {"ras", Reader::kSunRaster}, {"sr", Reader::kSunRaster}, {"gif", Reader::kGif},
    {"heic", Reader::kHeif},     {"heif", Reader::kHeif},    {"hif", Reader::kHeif},
    {"avif", Reader::kHeif}};

}  // namespace

std::string ExtensionOf(std::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return {};
  return InLowerCase(name.substr(dot + 1));
}

Reader ReaderOfExtension(std::string_view extension) {
  const auto* found =
      std::find_if(std::begin(kPromises), std::end(kPromises),
                   [&](const Promise& promise) { return promise.extension == extension; });
  return found == std::end(kPromises) ? Reader::kNone : found->reader;
}

bool HasImageExtension(std::string_view name) {
  return ReaderOfExtension(ExtensionOf(name)) != Reader::kNone;
}

}  // namespace flowtrain
