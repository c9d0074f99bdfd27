// What the fuzz targets share. Each is a program of its own: with libFuzzer in the fuzz build
// (tools/fuzz), with replay.cc, which runs the corpus and some mutants of it, in any other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "tests/support/temp_folder.h"

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
class Folder : public TempFolder {
 public:
  Folder() : TempFolder("/dev/shm") {}
};

}  // namespace flowtrain::fuzz
