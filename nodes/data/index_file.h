// Numbers and texts in a file that is made again when it is lost: the index of a data set.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace flowtrain {

// Writes an index, and gives it a checksum.
class IndexWriter {
 public:
  explicit IndexWriter(std::string_view magic) : bytes_(magic) {}

  void Put(uint64_t number);
  void Put(std::string_view text);
  // Writes the index to the first of the two places that takes it; the folder of the second is made.
  // It is no error if neither does.
  void Save(const std::string& path, const std::string& otherwise);

 private:
  std::string bytes_;
};

// Reads one. What is asked for beyond the end is 0 or empty, and the index not sound.
class IndexReader {
 public:
  // Takes the first of the two files that is an index of this magic and has the right checksum.
  IndexReader(std::string_view magic, const std::string& path, const std::string& otherwise);

  // False also where there is no such file.
  bool sound() const { return sound_; }
  uint64_t Number();
  std::string_view Text();  // a view of the index

 private:
  bool sound_ = false;
  std::string bytes_;
  std::string_view rest_;
};

// Whether what was modified then may have been modified again unseen, within the resolution of the
// file system's clock: it must not be kept in an index.
bool ModifiedJustNow(int64_t modified_ns);

}  // namespace flowtrain
