// Draws the built-in sample set to look at: eight pictures of each class.
//   contact_sheet FILE.ppm
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <vector>

#include "nodes/data/draw_picture.h"
#include "nodes/data/sample_set.h"

namespace flowtrain {
namespace {

constexpr int kSide = 96, kPicturesOfAClass = 8;

// Whether the file could be written.
bool WriteSheet(const char* path) {
  const auto set = MakeSampleSet(42, kPicturesOfAClass * kPictureClassCount, kSide);
  std::ofstream file(path, std::ios::binary);
  file << "P6\n" << kSide * kPictureClassCount << ' ' << kSide * kPicturesOfAClass << "\n255\n";
  std::vector<std::vector<uint8_t>> row(kPictureClassCount);
  uint64_t id = 0;
  for (int r = 0; r < kPicturesOfAClass; ++r) {
    for (std::vector<uint8_t>& picture : row) set->Fetch(id++, picture);
    for (int y = 0; y < kSide; ++y) {
      for (const std::vector<uint8_t>& picture : row) {
        file.write(reinterpret_cast<const char*>(picture.data()) + y * kSide * 3, kSide * 3);
      }
    }
  }
  return file.good();
}

}  // namespace
}  // namespace flowtrain

int main(int arguments, char** argument) {
  if (arguments != 2) {
    std::fprintf(stderr, "usage: %s FILE.ppm\n", argument[0]);
    return 2;
  }
  return flowtrain::WriteSheet(argument[1]) ? 0 : 1;
}
