// What a check of a data set found, summed up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nodes/check/check_images.h"

namespace flowtrain {

struct FormatSummary {
  std::string name;
  uint64_t images = 0, bytes = 0;
  CheckedImage smallest, median, largest;  // by their pixels
};

struct ClassSummary {
  std::string name;
  uint64_t trained = 0, judged_on = 0;  // images
};

// An image to judge on that is also among those to train on.
struct Leak {
  uint64_t judged = 0, trained = 0;  // places in the result
  bool exact = false;                // the same pixels; otherwise they look alike
};

// The same by CheckOptions::comparison.
struct SimilarLeak {
  uint64_t judged = 0, trained = 0;
  double similarity = 0;  // of their group
};

struct CheckSummary {
  uint64_t trained = 0, judged_on = 0;  // images that can be used
  std::vector<uint64_t> bad;            // places in the result
  std::vector<FormatSummary> formats;   // the most frequent first
  std::vector<ClassSummary> classes;
  std::vector<Leak> leaks;
  std::vector<SimilarLeak> similar_leaks;       // none of them is in `leaks`
  uint64_t copies = 0, alike = 0, similar = 0;  // images beside the first of their group
  uint64_t other_labels = 0;                    // groups of copies whose labels differ
  double decode_seconds = 0;                    // of all images to train on, on one core
  double slowest_share = 0;  // of it, that the slowest hundredth of these images takes
  uint64_t trained_bad = 0, trained_copies = 0;  // of those to train on

  // Whether anything was found that is to be mended. What is similar is no more than a network's
  // opinion, for someone to look at.
  bool well() const { return bad.empty() && copies == 0 && alike == 0 && leaks.empty(); }
};

CheckSummary Summarise(const CheckResult& result, const std::vector<std::string>& classes);

}  // namespace flowtrain
