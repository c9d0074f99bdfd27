// A large file that exists whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace flowtrain {

// Writes to a temporary file beside `path`, which takes its place once everything is on the disk.
// Without a Commit nothing remains. Every failure throws DataError with the path and the cause.
class NewFile {
 public:
  explicit NewFile(const std::string& path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void Append(std::span<const uint8_t> bytes);
  void Append(std::string_view text);
  // Appends zeros until the size is a multiple of `unit`.
  void AlignTo(size_t unit);
  uint64_t size() const { return written_ + buffer_.size(); }  // so far
  // Overwrites the first bytes with `head`, syncs, and renames over whatever is at `path`.
  void Commit(std::span<const uint8_t> head);

 private:
  void Flush();
  void WriteAt(std::span<const uint8_t> bytes, uint64_t offset);
  void SyncFolder() const;
  [[noreturn]] void Fail(const char* action) const;

  const std::string path_, temporary_;
  int fd_ = -1;
  std::vector<uint8_t> buffer_;
  uint64_t written_ = 0;
};

// Writes these bytes, or this text, to a file in the same way: whole or not at all. Throws
// DataError.
void WriteNewFile(const std::string& path, std::span<const uint8_t> bytes);
void WriteNewFile(const std::string& path, std::string_view text);

}  // namespace flowtrain
