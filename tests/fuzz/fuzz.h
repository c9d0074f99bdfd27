// What the fuzz targets share. Each is a program of its own: with libFuzzer in the fuzz build
// (tools/fuzz), with replay.cc, which runs the corpus and some mutants of it, in any other.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

// One input. Whatever it is, nothing may crash, hang, or throw what its target does not expect.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace flowtrain::fuzz {

using Bytes = std::span<const uint8_t>;

// Ends the program where a property of the tested code does not hold, which a fuzzer reports as a
// crash.
inline void Require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

// Takes numbers off the end of an input, so that its beginning stays a file of the format.
class Tail {
 public:
  explicit Tail(Bytes& data) : data_(data) {}
  uint32_t Below(uint32_t bound) {
    uint32_t number = 0;
    for (int i = 0; i < 2 && !data_.empty(); ++i) {
      number = number << 8 | data_.back();
      data_ = data_.first(data_.size() - 1);
    }
    return number % bound;
  }

 private:
  Bytes& data_;
};

// A folder in memory, for code that reads files. It goes when the program does.
class Folder {
 public:
  Folder() {
    std::string pattern = "/dev/shm/flowtrain-fuzz-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const char* name) const { return path_ + '/' + name; }
  std::string Write(const char* name, Bytes bytes) const {
    std::ofstream(*this / name, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    return *this / name;
  }

 private:
  std::string path_;
};

}  // namespace flowtrain::fuzz
