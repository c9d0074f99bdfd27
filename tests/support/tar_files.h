// Tar files, made for tests byte by byte.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

namespace flowtrain {

// A header of ustar with a right checksum.
inline std::string TarHeader(const std::string& name, uint64_t size, char type = '0',
                             const std::string& link = "", const std::string& prefix = "") {
  std::string block(512, '\0');
  const auto put = [&block](size_t at, const std::string& text) {
    std::memcpy(block.data() + at, text.data(), text.size());
  };
  char octal[16];
  put(0, name.substr(0, 100));
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  std::snprintf(octal, sizeof octal, "%011llo", static_cast<unsigned long long>(size));
  put(124, octal);
  put(136, "00000000000");
  put(148, "        ");
  block[156] = type;
  put(157, link);
  put(257, std::string("ustar\0", 6) + "00");
  put(345, prefix);
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<uint8_t>(c);
  std::snprintf(octal, sizeof octal, "%06o", sum);
  put(148, octal);
  block[154] = '\0';
  block[155] = ' ';
  return block;
}

// Data, filled up to whole blocks.
inline std::string TarData(std::string data) {
  data.resize((data.size() + 511) / 512 * 512);
  return data;
}

inline std::string TarFile(const std::string& name, const std::string& data, char type = '0') {
  return TarHeader(name, data.size(), type) + TarData(data);
}

// A record of a pax header, which counts its own length.
inline std::string PaxRecord(const std::string& key, const std::string& value) {
  const std::string text = ' ' + key + '=' + value + '\n';
  size_t length = text.size() + 1;
  while (std::to_string(length).size() + text.size() != length) ++length;
  return std::to_string(length) + text;
}

inline std::string TarEnd() { return std::string(1024, '\0'); }

}  // namespace flowtrain
