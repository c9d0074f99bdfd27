// The members of a tar file, one after the other.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/base/files/descriptor.h"

namespace flowtrain {

struct TarMember {
  enum class Kind : uint8_t { kFile, kLink, kOther };
  Kind kind = Kind::kOther;
  std::string name;
  uint64_t offset = 0, size = 0;  // of the data
};

// Throws DataError as IndexTar does.
class TarReader {
 public:
  // `fd`, which it closes, is the file, and `path` what messages call it; -1: it is opened.
  explicit TarReader(std::string path, int fd = -1);

  uint64_t file_bytes() const { return file_bytes_; }
  int64_t modified_ns() const { return modified_ns_; }
  // False at the end.
  bool Next(TarMember* member);
  // Whether a block of zeros came at the end.
  bool ended() const { return ended_; }
  // The data of a member, of which at most `most` bytes are read.
  std::string Data(const TarMember& member, size_t most) const;
  // Throws.
  [[noreturn]] void Damaged(const std::string& what) const;

 private:
  struct Extras;

  void ReadAt(uint64_t offset, void* to, size_t bytes) const;
  void TakePax(const TarMember& header, Extras* extras) const;
  std::string LongName(const TarMember& header) const;

  const std::string path_;
  const Descriptor file_;
  uint64_t file_bytes_ = 0, at_ = 0;
  int64_t modified_ns_ = 0;
  bool ended_ = false;
};

}  // namespace flowtrain
