#include "nodes/decode/plugin/tiff_file.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <string_view>

namespace flowtrain::codec {
namespace {

std::string Format(const char* format, va_list arguments) {
  char text[256] = "";
  std::vsnprintf(text, sizeof text, format, arguments);
  return text;
}

}  // namespace

TiffFile::TiffFile(std::span<const uint8_t> file) : file_(file) {
  SetUpHandlers();
  const auto self = [](thandle_t handle) -> TiffFile& { return *static_cast<TiffFile*>(handle); };
  static constexpr auto kSelf = self;
  tiff_.reset(TIFFClientOpen(
      "TIFF", "r", this,
      [](thandle_t handle, void* to, tmsize_t bytes) -> tmsize_t {
        TiffFile& in = kSelf(handle);
        if (bytes < 0 || in.position_ > in.file_.size()) return 0;
        const size_t left = in.file_.size() - static_cast<size_t>(in.position_);
        const size_t got = std::min(left, static_cast<size_t>(bytes));
        std::copy_n(in.file_.data() + in.position_, got, static_cast<uint8_t*>(to));
        in.position_ += got;
        return static_cast<tmsize_t>(got);
      },
      [](thandle_t, void*, tmsize_t) -> tmsize_t { return 0; },
      [](thandle_t handle, toff_t offset, int from) -> toff_t {
        TiffFile& in = kSelf(handle);
        if (from == SEEK_CUR) offset += in.position_;
        if (from == SEEK_END) offset += in.file_.size();
        return in.position_ = offset;
      },
      [](thandle_t) { return 0; },
      [](thandle_t handle) -> toff_t { return kSelf(handle).file_.size(); },
      [](thandle_t handle, void** base, toff_t* size) {
        const std::span<const uint8_t> bytes = kSelf(handle).file_;
        *base = const_cast<uint8_t*>(bytes.data());  // it is open for reading
        *size = bytes.size();
        return 1;
      },
      [](thandle_t, void*, toff_t) {}));
}

bool TiffFile::Lacks(uint32_t strip_or_tile) const {
  const uint64_t offset = TIFFGetStrileOffset(get(), strip_or_tile);
  const uint64_t bytes = TIFFGetStrileByteCount(get(), strip_or_tile);
  return offset > file_.size() || file_.size() - offset < bytes;
}

uint64_t TiffFile::PixelsEnd() const {
  const uint32_t parts =
      TIFFIsTiled(get()) != 0 ? TIFFNumberOfTiles(get()) : TIFFNumberOfStrips(get());
  uint64_t end = 0;
  for (uint32_t part = 0; part < parts; ++part) {
    const uint64_t offset = TIFFGetStrileOffset(get(), part);
    const uint64_t bytes = TIFFGetStrileByteCount(get(), part);
    end = std::max(end, offset + std::min(bytes, UINT64_MAX - offset));
  }
  return end;
}

// libtiff has one set of handlers for the process, and gives them the file that it read.
void TiffFile::SetUpHandlers() {
  [[maybe_unused]] static const bool done = [] {
    TIFFSetErrorHandler(nullptr);
    TIFFSetWarningHandler(nullptr);
    TIFFSetErrorHandlerExt(OnError);
    TIFFSetWarningHandlerExt(OnWarning);
    return true;
  }();
}

void TiffFile::OnError(thandle_t self, const char*, const char* format, va_list arguments) {
  if (self == nullptr) return;
  std::string& error = static_cast<TiffFile*>(self)->error_;
  if (error.empty()) error = Format(format, arguments);  // the first says the most
}

void TiffFile::OnWarning(thandle_t self, const char* module, const char* format,
                         va_list arguments) {
  if (self == nullptr || module == nullptr) return;
  const std::string_view codec = module;
  if (codec != "JPEGLib" && !codec.starts_with("Fax")) return;
  const std::string text = Format(format, arguments);
  if (text.find("extraneous") == std::string::npos) static_cast<TiffFile*>(self)->loss_ = text;
}

}  // namespace flowtrain::codec
