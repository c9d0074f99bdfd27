// Whole files, as they are, and the folder of the sources.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#ifndef FLOWTRAIN_SOURCE_DIR
#define FLOWTRAIN_SOURCE_DIR "."
#endif

namespace flowtrain {

using Bytes = std::vector<uint8_t>;

inline std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Bytes ReadBytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The lines of a file, without their ends.
inline std::vector<std::string> ReadLines(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// Both replace what was there.
inline void WriteText(const std::filesystem::path& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}
inline void WriteBytes(const std::filesystem::path& path, std::span<const uint8_t> bytes) {
  WriteText(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

inline std::filesystem::path SourceFolder() { return FLOWTRAIN_SOURCE_DIR; }

}  // namespace flowtrain
