#include "nodes/data/packed_file.h"

#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "nodes/image/image_levels.h"
#include "nodes/image/pixel_limit.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/xxh64.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

// Takes strings off the front of the text. None where it is too short.
class TextReader {
 public:
  explicit TextReader(std::span<const uint8_t> text) : left_(text) {}

  bool Take(std::string& out) {
    uint32_t length = 0;
    if (left_.size() < sizeof length) return false;
    std::memcpy(&length, left_.data(), sizeof length);
    left_ = left_.subspan(sizeof length);
    if (left_.size() < length) return false;
    out.assign(left_.begin(), left_.begin() + length);
    left_ = left_.subspan(length);
    return true;
  }
  size_t left() const { return left_.size(); }

 private:
  std::span<const uint8_t> left_;
};

size_t BytesOf(const PackedEntry& entry) {
  return LevelBytes(static_cast<int>(entry.height), static_cast<int>(entry.width),
                    static_cast<int>(entry.levels));
}

}  // namespace

bool IsPackedFile(const std::string& path) {
  std::array<char, kPackedMagic.size()> magic{};
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;  // opening a FIFO would wait
  std::ifstream(path, std::ios::binary).read(magic.data(), magic.size());
  return magic == kPackedMagic;
}

PackedFile::PackedFile(const std::string& path) : path_(path), file_(path) {
  ReadHeader();
  CheckIndexPlace();
  ReadTables();
  ReadText();
  const uint64_t names = header_.file_bytes - header_.text_offset;
  for (const PackedEntry& entry : entries_) CheckEntry(entry, names);
  sound_ = std::make_unique<std::atomic<bool>[]>(header_.images);
}

std::string_view PackedFile::Name(uint64_t image) const {
  const PackedEntry& entry = entries_[image];
  const auto name =
      std::span(tables_).subspan(entry.name_offset - header_.index_offset, entry.name_bytes);
  return {reinterpret_cast<const char*>(name.data()), name.size()};
}

std::span<const uint8_t> PackedFile::Pixels(uint64_t image, bool* damaged) const {
  const PackedEntry& entry = entries_[image];
  const size_t bytes = BytesOf(entry);
  file_.WillNeed(entry.offset, bytes);
  const auto pixels = file_.bytes().subspan(entry.offset, bytes);
  std::atomic<bool>& sound = sound_[image];
  *damaged = !sound.load(std::memory_order_relaxed) && Xxh64(pixels) != entry.checksum;
  if (!*damaged) sound.store(true, std::memory_order_relaxed);
  return pixels;
}

void PackedFile::ReadHeader() {
  const auto bytes = file_.bytes();
  if (bytes.size() < sizeof header_ ||
      std::memcmp(bytes.data(), kPackedMagic.data(), kPackedMagic.size()) != 0) {
    throw DataError(path_ + " is not a packed data set; flowtrain pack makes one");
  }
  std::memcpy(&header_, bytes.data(), sizeof header_);
  if (header_.version != kPackedVersion) {
    throw DataError(path_ + " has version " + std::to_string(header_.version) +
                    " of the packed format, and this program reads version " +
                    std::to_string(kPackedVersion) + ": pack the data set again");
  }
  const size_t checked = offsetof(PackedHeader, header_checksum);
  if (header_.header_bytes != sizeof header_ ||
      header_.header_checksum != Xxh64(bytes.first(checked))) {
    Damaged("its header's checksum is wrong");
  }
  if (header_.file_bytes != bytes.size()) {
    Damaged("it has " + ShowCount(bytes.size()) + " bytes instead of " +
            ShowCount(header_.file_bytes));
  }
}

void PackedFile::CheckIndexPlace() const {
  const auto bytes = file_.bytes();
  if (header_.index_offset < sizeof header_ || header_.index_offset > bytes.size() ||
      header_.index_offset % kPackedAlignment != 0) {
    Damaged("its index is not within the file");
  }
  const size_t behind = bytes.size() - header_.index_offset;
  if (header_.images > behind / sizeof(PackedEntry)) {
    Damaged("it is too short for an index of " + ShowCount(header_.images) + " images");
  }
  if (header_.text_offset != header_.index_offset + header_.images * sizeof(PackedEntry)) {
    Damaged("its text is not where the index ends");
  }
  if (header_.training == 0 || header_.training > header_.images) {
    Damaged("it is to train on " + ShowCount(header_.training) + " of " +
            ShowCount(header_.images) + " images");
  }
}

void PackedFile::ReadTables() {
  const auto tables = file_.bytes().subspan(header_.index_offset);
  const auto memory =
      static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
  if (tables.size() > memory / 2) {  // a file with holes can have any size
    throw DataError(path_ + " has an index of " + ShowCount(tables.size()) +
                    " bytes, more than half of this machine's memory");
  }
  tables_.assign(tables.begin(), tables.end());
  if (Xxh64(tables_) != header_.tables_checksum) Damaged("its index's checksum is wrong");
  const void* const index = tables_.data();  // memory from the heap is aligned for any type
  entries_ = {static_cast<const PackedEntry*>(index), header_.images};
}

void PackedFile::ReadText() {
  const std::span<const uint8_t> tables = tables_;
  TextReader text{tables.subspan(header_.text_offset - header_.index_offset)};
  bool whole = text.Take(source_) && text.Take(why_not_);
  if (header_.classes > text.left() / sizeof(uint32_t)) whole = false;
  for (uint32_t i = 0; whole && i < header_.classes; ++i) {
    whole = text.Take(classes_.emplace_back());
  }
  if (!whole) Damaged("its names of classes are cut off");
}

// `names` are the bytes of the text.
void PackedFile::CheckEntry(const PackedEntry& entry, uint64_t names) const {
  const auto name = [&] { return "image " + ShowCount(&entry - entries_.data()); };
  constexpr uint32_t kMostPixels = kMaxImagePixels;
  if (entry.height == 0 || entry.width == 0 || entry.height > kMostPixels / entry.width) {
    Damaged(name() + " is said to have " + std::to_string(entry.height) + " x " +
            std::to_string(entry.width) + " pixels");
  }
  if (entry.levels == 0 || entry.levels > kMostLevels) {
    Damaged(name() + " is said to have " + std::to_string(entry.levels) + " levels");
  }
  const uint64_t bytes = BytesOf(entry);
  if (entry.offset < sizeof header_ || entry.offset % kPackedAlignment != 0 ||
      entry.offset > header_.index_offset || header_.index_offset - entry.offset < bytes) {
    Damaged(name() + " is not within the file");
  }
  if (entry.label < -1 ||
      (entry.label >= 0 && static_cast<uint32_t>(entry.label) >= header_.classes)) {
    Damaged(name() + " has the label " + std::to_string(entry.label) + " of " +
            std::to_string(header_.classes) + " classes");
  }
  if (entry.name_offset < header_.text_offset || entry.name_offset > header_.file_bytes ||
      entry.name_bytes > names - (entry.name_offset - header_.text_offset)) {
    Damaged("the name of " + name() + " is not within the file");
  }
}

void PackedFile::Damaged(const std::string& what) const {
  throw DataError(path_ + " is damaged or cut off: " + what +
                  "; pack the data set again (flowtrain pack)");
}

}  // namespace flowtrain
