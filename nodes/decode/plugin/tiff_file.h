// A TIFF in memory, opened by libtiff.
#pragma once

#include <tiffio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace flowtrain::codec {

// Closes what it opens. libtiff's messages come here, and are not printed.
class TiffFile {
 public:
  explicit TiffFile(std::span<const uint8_t> file);
  TiffFile(const TiffFile&) = delete;
  TiffFile& operator=(const TiffFile&) = delete;

  TIFF* get() const { return tiff_.get(); }  // null: it is not a sound TIFF
  const std::string& error() const { return error_; }
  // What a codec only warned of, though it made pixels up.
  const std::string& loss() const { return loss_; }
  // Whether the data of a strip or tile lies beyond the end of the file.
  bool Lacks(uint32_t strip_or_tile) const;
  uint64_t bytes() const { return file_.size(); }
  // Where the last of the image's strips or tiles ends, as the file says.
  uint64_t PixelsEnd() const;

  template <typename Type>
  Type Get(uint32_t tag, Type otherwise) const {
    Type value = otherwise;
    return TIFFGetFieldDefaulted(get(), tag, &value) == 1 ? value : otherwise;
  }

 private:
  struct Close {
    void operator()(TIFF* tiff) const { TIFFClose(tiff); }
  };
  static void SetUpHandlers();
  static void OnError(thandle_t self, const char* module, const char* format, va_list arguments);
  static void OnWarning(thandle_t self, const char* module, const char* format, va_list arguments);

  std::span<const uint8_t> file_;
  uint64_t position_ = 0;
  std::string error_, loss_;
  std::unique_ptr<TIFF, Close> tiff_;  // last: it uses the others to its end
};

}  // namespace flowtrain::codec
