// A test's own folder.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "tests/support/files.h"

namespace flowtrain {

// A new folder, which is removed with this object.
class TempFolder {
 public:
  explicit TempFolder(const std::filesystem::path& in = std::filesystem::temp_directory_path()) {
    path_ = in / "flowtrain-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr)
      throw std::runtime_error("no temporary folder in " + path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + '/' + std::string(name); }

  // Writes a file, makes the folders above it, and returns its path.
  std::string Write(std::string_view name, std::string_view text) const {
    const std::filesystem::path file = *this / name;
    std::filesystem::create_directories(file.parent_path());
    WriteText(file, text);
    return file;
  }
  std::string Write(std::string_view name, std::span<const uint8_t> bytes) const {
    return Write(name, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  std::string Write(std::string_view name, std::initializer_list<uint8_t> bytes) const {
    return Write(name, std::span(bytes.begin(), bytes.size()));
  }

 private:
  std::string path_;
};

}  // namespace flowtrain
