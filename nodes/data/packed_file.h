// A packed data set, opened: docs/packed.md.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/data/packed_format.h"
#include "pipeline/base/files/mapped_file.h"

namespace flowtrain {

// Whether the file begins like one of this format, of any version and state.
bool IsPackedFile(const std::string& path);

// The file is mapped; pixels are never copied. Every size and offset is checked against the file
// before it is used, and index and text are read once, so that they stay what was checked. Const
// methods may be called from any thread.
class PackedFile {
 public:
  // Throws DataError for a file that is not there, is not of this format, or is damaged.
  explicit PackedFile(const std::string& path);

  const std::string& path() const { return path_; }
  const PackedHeader& header() const { return header_; }
  std::span<const PackedEntry> entries() const { return entries_; }
  std::string_view Name(uint64_t image) const;
  const std::string& source() const { return source_; }    // "folder photos: 12 images"
  const std::string& why_not() const { return why_not_; }  // there is no evaluation
  const std::vector<std::string>& classes() const { return classes_; }

  // The pixels, which begin to be read from the disk as a whole. Sets `damaged` where their
  // checksum is wrong; one that was found right is not checked again.
  std::span<const uint8_t> Pixels(uint64_t image, bool* damaged) const;

  // As MappedFile's, of the pixels.
  const std::atomic<bool>* lost() const { return file_.lost(); }
  void CheckReads() const { file_.CheckReads(); }
  void CheckFile() const { file_.CheckFile(); }

 private:
  void ReadHeader();
  void CheckIndexPlace() const;
  void ReadTables();
  void ReadText();
  void CheckEntry(const PackedEntry& entry, uint64_t names) const;
  [[noreturn]] void Damaged(const std::string& what) const;

  const std::string path_;
  const MappedFile file_;
  PackedHeader header_;
  std::vector<uint8_t> tables_;  // index and text
  std::span<const PackedEntry> entries_;
  std::string source_, why_not_;
  std::vector<std::string> classes_;
  std::unique_ptr<std::atomic<bool>[]> sound_;  // of each image: its checksum was found correct
};

}  // namespace flowtrain
