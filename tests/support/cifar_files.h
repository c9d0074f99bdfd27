// CIFAR's binary files, made for tests: in the exact layout, with few images.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

namespace flowtrain {

// What a pixel of image `image` of a file is: different in every channel, row and column.
inline uint8_t CifarValue(int image, int channel, int row, int column) {
  return static_cast<uint8_t>(image * 50 + channel * 70 + row * 5 + column);
}

// A record: label bytes, then the planes of red, green and blue, row by row.
inline void AppendCifarRecord(const std::vector<uint8_t>& labels, int image,
                              std::vector<uint8_t>& bytes) {
  bytes.insert(bytes.end(), labels.begin(), labels.end());
  for (int channel = 0; channel < 3; ++channel) {
    for (int row = 0; row < 32; ++row) {
      for (int column = 0; column < 32; ++column) {
        bytes.push_back(CifarValue(image, channel, row, column));
      }
    }
  }
}

// CIFAR-10 with `images` in each file; image i of file f has the label (i + f) % 10.
inline void WriteCifar10(const TempFolder& folder, const std::string& below, int images) {
  for (int file = 1; file <= 6; ++file) {
    std::vector<uint8_t> bytes;
    for (int i = 0; i < images; ++i) {
      AppendCifarRecord({static_cast<uint8_t>((i + file) % 10)}, i + file, bytes);
    }
    const std::string name = file <= 5 ? "data_batch_" + std::to_string(file) : "test_batch";
    folder.Write(below + name + ".bin", bytes);
  }
  folder.Write(below + "batches.meta.txt",
               "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n");
}

}  // namespace flowtrain
