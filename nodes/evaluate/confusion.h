// Which classes are taken for which.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace flowtrain {

// counts[truth * C + guess], C classes.
struct Confusion {
  std::vector<std::string> classes;
  std::vector<int64_t> counts;

  int64_t Count(size_t truth, size_t guess) const { return counts[truth * classes.size() + guess]; }
  int64_t Images(size_t truth) const;  // of a class
};

// A table, true classes down and guesses across, with the share of each class that is right.
std::string ConfusionTable(const Confusion& confusion);

// The same for programs: {"format": …, "version": 1, "classes": [names], "counts": [[…], …]}, a row a
// true class.
std::string ConfusionJson(const Confusion& confusion);

struct Picture {
  int side = 0;                 // pixels
  std::vector<uint8_t> pixels;  // [side, side, 3] RGB
};

// The same as a square of cells: the darker a cell, the larger its share of its row. Right guesses
// are on the diagonal, in blue; mistakes are red. The side is between 480 and 960 pixels for up to
// 480 classes.
Picture ConfusionPicture(const Confusion& confusion);

}  // namespace flowtrain
