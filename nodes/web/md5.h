// MD5 (RFC 1321), with which the authors of data sets publish what their files are. Not for secrets.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace flowtrain {

class Md5 {
 public:
  void Append(const void* bytes, size_t size);
  std::string Hex();  // of all that was appended, once

 private:
  void Block(const uint8_t* bytes);

  std::array<uint32_t, 4> state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::array<uint8_t, 64> block_{};
  uint64_t size_ = 0;
};

}  // namespace flowtrain
