// Images for the tests of the augmentation, and how far apart two of them are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "tests/support/files.h"

namespace flowtrain {

// Noise, the same on every machine; tests/golden/make_augment_golden.py makes the same.
inline Bytes GoldenImage(int height, int width) {
  Bytes image(static_cast<size_t>(height) * static_cast<size_t>(width) * 3);
  uint32_t state = static_cast<uint32_t>(height * 1000 + width);
  for (uint8_t& byte : image) {
    state = (state * 1103515245u + 12345u) & 0x7FFFFFFFu;
    byte = static_cast<uint8_t>(state >> 16);
  }
  return image;
}

// A smooth picture: colours that vary slowly over the image.
inline Bytes SmoothImage(int height, int width) {
  Bytes image;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.push_back(static_cast<uint8_t>(255 * x / width));
      image.push_back(static_cast<uint8_t>(255 * y / height));
      image.push_back(static_cast<uint8_t>((x * x + 3 * y) / 8 % 256));
    }
  }
  return image;
}

template <typename A, typename B>
int LargestDifference(const A& a, const B& b) {
  if (a.size() != b.size()) throw std::logic_error("images of two sizes");
  int largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<int>(a[i]) - static_cast<int>(b[i])));
  }
  return largest;
}

template <typename A, typename B>
double MeanDifference(const A& a, const B& b) {
  if (a.size() != b.size()) throw std::logic_error("images of two sizes");
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum += std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i]));
  }
  return sum / static_cast<double>(a.size());
}

}  // namespace flowtrain
