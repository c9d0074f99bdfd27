#include "nodes/decode/imgcodecs.h"

#include <dlfcn.h>

#include <array>
#include <filesystem>

#include "nodes/decode/plugin/imgcodecs_plugin.h"
#include "nodes/decode/rgb_image.h"

namespace flowtrain {
namespace {

struct Plugin {
  FlowtrainImgcodecsDecode* decode = nullptr;
  std::string why;  // it could not be opened
};

Plugin OpenPlugin() {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  Plugin plugin;
  for (const fs::path& place : {folder, folder / "../tools", folder / "../lib/flowtrain"}) {
    const fs::path file = place / "flowtrain_imgcodecs.so";
    if (!fs::exists(file, ignored)) continue;
    void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      plugin.why = std::string("OpenCV's imgcodecs cannot be opened: ") + dlerror();
      continue;
    }
    plugin.decode =
        reinterpret_cast<FlowtrainImgcodecsDecode*>(dlsym(library, "flowtrain_imgcodecs_decode"));
    return plugin;
  }
  if (plugin.why.empty()) {
    plugin.why =
        "only JPEG is read here: flowtrain_imgcodecs.so is not beside the program (the bundle goes "
        "without it; a build with OpenCV's imgcodecs has it)";
  }
  return plugin;
}

}  // namespace

std::string DecodeWithImgcodecs(std::span<const uint8_t> bytes, RgbImage& image) {
  static const Plugin plugin = OpenPlugin();
  if (plugin.decode == nullptr) return plugin.why;
  std::array<char, 256> why{};
  const auto allocate = [](void* target, int height, int width) -> uint8_t* {
    auto& to = *static_cast<RgbImage*>(target);
    to.height = height;
    to.width = width;
    to.storage.resize(size_t{3} * static_cast<size_t>(height) * static_cast<size_t>(width));
    return to.storage.data();
  };
  if (plugin.decode(bytes.data(), bytes.size(), kMostPixels, allocate, &image, why.data(),
                    why.size()) != 0) {
    return why.data();
  }
  return {};
}

}  // namespace flowtrain
