// Pixels that follow each other in a file, of a few samples each.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace flowtrain {

enum class SampleColours : uint8_t { kGrey, kRgb, kCmyk };

// How the pixels of a PGM, PPM or PAM are laid out: row by row, without padding.
struct SampleLayout {
  int64_t height = 0, width = 0;
  int samples = 1;      // of a pixel; those after its colours are alpha and the like
  uint32_t most = 255;  // the value of white; above 255, samples have 2 bytes, upper one first
  SampleColours colours = SampleColours::kGrey;
};

// Brings them to RGB of 8 bits. False: they end early, or one is above `most`.
bool SamplesToRgb(const std::string& format, std::span<const uint8_t> bytes,
                  const SampleLayout& layout, uint8_t* rgb, std::string* why);

}  // namespace flowtrain
