// Which images of the data set a node could not use.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nodes/run/bad_image_file.h"

namespace flowtrain {

struct BadImage {
  uint64_t id = 0;
  std::string name, why;
};

// What a message says about them: a line for each of the first few, then how many more there are
// and, unless it is empty, the file that lists them all.
inline constexpr uint64_t kNamedImages = 5;
std::string NameSome(const std::vector<BadImage>& bad, const std::string& file);

// For another process: what BadImagesFrom makes the same list of.
std::string ToText(const std::vector<BadImage>& bad);
std::vector<BadImage> BadImagesFrom(std::string_view text);

// A list that any thread may add to and read.
class BadImages {
 public:
  // `found_by` is what the run's file says of them.
  explicit BadImages(std::string found_by) : found_by_(std::move(found_by)) {}
  // Lists them in the run's file too. Null: there is none.
  void ListIn(BadImageFile* file) { file_ = file; }

  // Keeps the first reason of each image. Returns true for an image that is new to the list and to
  // the run's file. Throws std::runtime_error where the disk fails.
  bool Add(const BadImage& image);
  uint64_t count() const;              // of different images
  std::vector<BadImage> List() const;  // in order of id
  std::string NameSome() const;        // of them
  // Where they are all listed; empty without a file.
  std::string path() const { return file_ == nullptr ? std::string() : file_->path(); }

 private:
  const std::string found_by_;
  BadImageFile* file_ = nullptr;
  mutable std::mutex mutex_;
  std::map<uint64_t, BadImage> images_;
};

}  // namespace flowtrain
