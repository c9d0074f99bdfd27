// bad_images.csv: the images that a run, or `flowtrain pack`, has left out.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

namespace flowtrain {

// An image, why it is left out, and what found that out: "training", "kNN", "evaluation", "pack".
struct BadImageRow {
  std::string name, reason, found_by;
};

// The rows of such a file; none where it does not exist. A row that a crash has cut short is
// skipped. Throws std::runtime_error where the file cannot be read.
std::vector<BadImageRow> ReadBadImageFile(const std::string& path);

// Writes such a file, whole or not at all. Throws DataError.
void WriteBadImageFile(const std::string& path, const std::vector<BadImageRow>& rows);

// The file of a run: `name,reason,found_by`, one row per image in the order in which they were
// found, each written at once, so that a killed run loses none. The first image makes the file.
// Thread-safe. All but count() and path() throw std::runtime_error where the disk fails.
class BadImageFile {
 public:
  // Goes on with the file at `path`, if there is one. An empty path: it is kept in memory alone.
  explicit BadImageFile(std::string path);
  ~BadImageFile();
  BadImageFile(const BadImageFile&) = delete;
  BadImageFile& operator=(const BadImageFile&) = delete;

  // Adds an image that is not in the file. Returns whether it was added.
  bool Add(const BadImageRow& row);
  uint64_t count() const;  // of its images
  const std::string& path() const { return path_; }

 private:
  void Open();

  const std::string path_;
  mutable std::mutex mutex_;
  int file_ = -1;  // descriptor; -1: not opened yet
  std::unordered_set<std::string> names_;
};

}  // namespace flowtrain
