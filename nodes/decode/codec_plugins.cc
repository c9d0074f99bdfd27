#include "nodes/decode/codec_plugins.h"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <new>
#include <optional>
#include <system_error>

#include "nodes/decode/complaint.h"
#include "nodes/decode/exif_orientation.h"
#include "nodes/decode/oriented_part.h"
#include "nodes/image/pixel_limit.h"
#include "pipeline/base/files/plugin_folders.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

// Packages are those of Debian and Ubuntu.
struct CodecInfo {
  const char* library;
  const char* build_packages;
  const char* run_packages;
};
constexpr CodecInfo kInfo[kCodecs] = {
    {"flowtrain_webp.so", "libwebp-dev", "libwebp7 libwebpdemux2"},
    {"flowtrain_tiff.so", "libtiff-dev", "libtiff6, in Ubuntu 22.04 libtiff5"},
    {"flowtrain_jpeg2000.so", "libopenjp2-7-dev", "libopenjp2-7"},
    {"flowtrain_heif.so", "libheif-dev", "libheif1"},
    {"flowtrain_gif.so", "libgif-dev", "libgif7"},
};
const CodecInfo& InfoOf(Codec codec) { return kInfo[static_cast<size_t>(codec)]; }

// One call of a plug-in.
struct Job {
  const CodecPlugins::Request& request;
  RgbImage& out;
  std::string* why;
  StoredPart stored;
  std::span<uint8_t> upright;
  bool refused = false, out_of_memory = false;
};

int OrientationOf(const flowtrain_stored_image& image) {
  if (image.orientation != 0) {
    return image.orientation >= 1 && image.orientation <= 8 ? image.orientation : 1;
  }
  std::optional<int> orientation;
  if (image.exif != nullptr) orientation = TiffOrientation({image.exif, image.exif_bytes});
  if (!orientation && image.xmp != nullptr) {
    orientation = XmpOrientation({reinterpret_cast<const char*>(image.xmp), image.xmp_bytes});
  }
  return orientation.value_or(1);
}

// What of one side of a stored image is decoded. False: at this shrink, that would take pixels
// beyond the border.
bool PlanSide(int begin, int length, int side, int shrink, int& first, int& count) {
  constexpr int kMargin = 2;  // chroma is interpolated from what is decoded
  const int unit = std::max(shrink, 2);
  const int from = std::max(begin - kMargin, 0) / unit * unit;
  const int to = std::min(begin + length + kMargin, side);
  first = from / shrink;
  count = Reduced(to - from, shrink);
  return from + count * shrink <= side;
}

void PlanPart(const PartChooser& chooser, int most_shrink, StoredPart& stored) {
  const int height = stored.height, width = stored.width, orientation = stored.orientation;
  const bool swap = SwapsSides(orientation);
  const WantedPart wanted = chooser.Choose(swap ? width : height, swap ? height : width);
  const Rectangle full = StoredRectangle({wanted.top, wanted.left, wanted.height, wanted.width},
                                         orientation, height, width);
  Rectangle& part = stored.part;
  for (stored.shrink = std::min(wanted.shrink, most_shrink);; stored.shrink /= 2) {
    const int shrink = stored.shrink;
    // A turned image must begin at a corner of a reduced pixel too.
    const bool whole_pixels = orientation == 1 || (height % shrink == 0 && width % shrink == 0);
    if (whole_pixels && PlanSide(full.top, full.height, height, shrink, part.top, part.height) &&
        PlanSide(full.left, full.width, width, shrink, part.left, part.width)) {
      return;
    }
  }
}

uint8_t* Begin(Job& job, const flowtrain_stored_image& image, flowtrain_part& part) {
  if (image.height < 1 || image.width < 1) {
    Refuse(job.why, Damaged(job.request.format, "it has no pixels"));
    return nullptr;
  }
  if (TooLarge(image.height, image.width, job.request.max_pixels, job.why)) return nullptr;
  StoredPart& stored = job.stored;
  stored.height = static_cast<int>(image.height);
  stored.width = static_cast<int>(image.width);
  stored.orientation = OrientationOf(image);
  stored.part = {0, 0, stored.height, stored.width};
  if (job.request.chooser != nullptr && image.most_shrink > 0) {
    PlanPart(*job.request.chooser, image.most_shrink, stored);
  }
  part = {stored.part.top, stored.part.left, stored.part.height, stored.part.width, stored.shrink};
  job.upright = ResizeToPart(stored, job.out);
  if (stored.orientation == 1) return job.upright.data();
  job.request.stored.resize(job.upright.size());
  return job.request.stored.data();
}

// A C boundary: nothing may be thrown.
uint8_t* BeginOf(void* user, const flowtrain_stored_image* image, flowtrain_part* part) {
  Job& job = *static_cast<Job*>(user);
  uint8_t* place = nullptr;
  try {
    place = Begin(job, *image, *part);
  } catch (const std::bad_alloc&) {
    job.out_of_memory = true;
  }
  job.refused = place == nullptr;
  return place;
}

// What a library says may have several lines.
std::string OneLine(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

const char* CodecPlugins::LibraryOf(Codec codec) { return InfoOf(codec).library; }

void CodecPlugins::Open(Codec codec, Plugin& plugin) {
  const CodecInfo& info = InfoOf(codec);
  std::string looked;
  for (const std::string& folder : PluginFolders()) {
    const std::string path = fs::path(folder) / info.library;
    looked += (looked.empty() ? "" : ", ") + folder;
    if (std::error_code ignored; !fs::exists(path, ignored)) continue;
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void* symbol = library == nullptr ? nullptr : dlsym(library, FLOWTRAIN_DECODE_SYMBOL);
    if (symbol != nullptr) {
      plugin.decode = reinterpret_cast<flowtrain_decode_function>(symbol);
      return;
    }
    const char* error = dlerror();
    plugin.missing = path + " cannot be opened: " + (error == nullptr ? "unknown error" : error) +
                     " (Debian, Ubuntu: apt-get install " + info.run_packages + ")";
    return;
  }
  plugin.missing = std::string("this needs ") + info.library + ", which is in none of " + looked +
                   " (Debian, Ubuntu: apt-get install " + info.build_packages +
                   ", then build again; or set FLOWTRAIN_PLUGINS to its folder)";
}

bool CodecPlugins::Decode(Codec codec, std::span<const uint8_t> bytes, const Request& request,
                          RgbImage& out, std::string* why) {
  Plugin& plugin = plugins_[static_cast<size_t>(codec)];
  if (plugin.decode == nullptr && plugin.missing.empty()) Open(codec, plugin);
  if (plugin.decode == nullptr) {
    return Refuse(why, std::string(request.format) + ": " + plugin.missing);
  }
  Job job{request, out, why, {}, {}};
  const flowtrain_host host{&job, request.format, BeginOf};
  char text[512] = "";
  const bool done = plugin.decode(bytes.data(), bytes.size(), &host, text, sizeof text) == 1;
  if (job.out_of_memory) throw std::bad_alloc();
  if (!done) return job.refused ? false : Refuse(why, OneLine(text));
  const StoredPart& stored = job.stored;
  if (stored.orientation != 1) {
    TurnUpright(request.stored, stored.part.height, stored.part.width, stored.orientation,
                job.upright);
  }
  return true;
}

}  // namespace flowtrain
