// A file mapped to memory, read only.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace flowtrain {

class MappedFile {
 public:
  // Throws DataError when the file cannot be read.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const uint8_t> bytes() const { return bytes_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::span<const uint8_t> bytes_;
};

}  // namespace flowtrain
