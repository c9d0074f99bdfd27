// Which images of the data set could not be read.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace flowtrain {

struct BadImage {
  uint64_t id = 0;
  std::string name, why;
};

// A list that any thread may add to and read.
class BadImages {
 public:
  // Keeps the first reason of each image. Returns true when the image was not known to be bad.
  bool Add(BadImage image);
  uint64_t count() const;              // of different images
  std::vector<BadImage> List() const;  // in order of id

 private:
  mutable std::mutex mutex_;
  std::map<uint64_t, BadImage> images_;
};

// What a message says about them: a line for each of the first few, and how many more there are.
inline constexpr uint64_t kNamedImages = 5;
std::string NameSome(const std::vector<BadImage>& bad);

}  // namespace flowtrain
