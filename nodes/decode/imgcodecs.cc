#include "nodes/decode/imgcodecs.h"

#include <dlfcn.h>

#include <climits>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <system_error>

#include "nodes/decode/image_header.h"
#include "nodes/image/rgb_image.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLibrary = "flowtrain_imgcodecs.so";

struct Output {
  RgbImage& image;
  int64_t max_pixels;
};

// Runs inside OpenCV's caller, a C boundary: nothing may be thrown.
uint8_t* Allocate(void* user, int height, int width) {
  try {
    const Output& place = *static_cast<Output*>(user);
    std::string ignored;
    if (height < 1 || width < 1 || TooLarge(height, width, place.max_pixels, &ignored)) {
      return nullptr;
    }
    return place.image.Resize(height, width).data();
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace

std::vector<std::string> Imgcodecs::SearchPath() {
  std::vector<std::string> folders;
  if (const char* wanted = std::getenv("FLOWTRAIN_PLUGINS"); wanted != nullptr && *wanted != 0) {
    folders.emplace_back(wanted);
  }
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (failed) return folders;
  const fs::path own = program.parent_path(), above = own.parent_path();
  folders.push_back(own);
  folders.push_back(above / "lib" / "flowtrain");
  folders.push_back(above / "lib");
  return folders;
}

void Imgcodecs::Open() {
  std::string looked;
  for (const std::string& folder : SearchPath()) {
    const std::string path = fs::path(folder) / kLibrary;
    looked += (looked.empty() ? "" : ", ") + folder;
    if (std::error_code ignored; !fs::exists(path, ignored)) continue;
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void* symbol = library == nullptr ? nullptr : dlsym(library, FLOWTRAIN_DECODE_SYMBOL);
    if (symbol != nullptr) {
      decode_ = reinterpret_cast<flowtrain_decode_function>(symbol);
      return;
    }
    const char* error = dlerror();
    missing_ = path + " cannot be used: " + (error == nullptr ? "unknown error" : error) +
               " (install OpenCV's codecs: apt-get install libopencv-imgcodecs-dev)";
    return;
  }
  missing_ = std::string("it is no JPEG, and OpenCV's codecs are not there: no ") + kLibrary +
             " in " + looked +
             " (apt-get install libopencv-imgcodecs-dev and build again, or set FLOWTRAIN_PLUGINS "
             "to its folder)";
}

bool Imgcodecs::Decode(std::span<const uint8_t> bytes, int64_t max_pixels, RgbImage& out,
                       std::string* why) {
  const std::optional<ImageSize> size = ReadImageSize(bytes);
  if (!size) {
    *why =
        "it is cut off, or of none of the formats that are read (JPEG, PNG, WebP, BMP, TIFF, "
        "JPEG 2000, PNM, PAM, Sun raster)";
    return false;
  }
  if (TooLarge(size->height, size->width, max_pixels, why)) return false;
  if (decode_ == nullptr && missing_.empty()) Open();
  if (decode_ == nullptr) {
    *why = missing_;
    return false;
  }
  if (bytes.size() > INT_MAX) {
    *why = "the file is larger than 2 GiB";
    return false;
  }
  char text[512] = "";
  Output place{out, max_pixels};
  if (decode_(bytes.data(), bytes.size(), Allocate, &place, text, sizeof text) == 1) return true;
  *why = text;
  return false;
}

}  // namespace flowtrain
