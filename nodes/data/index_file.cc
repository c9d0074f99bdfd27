#include "nodes/data/index_file.h"

#include <chrono>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "pipeline/base/error.h"
#include "pipeline/base/files/new_file.h"
#include "pipeline/base/files/read_file.h"
#include "pipeline/base/files/xxh64.h"

namespace flowtrain {
namespace {

constexpr size_t kMostIndexBytes = size_t{16} << 30;

uint64_t IndexChecksum(std::string_view text) {
  return Xxh64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

uint64_t NumberAt(std::string_view text) {
  uint64_t number = 0;
  std::memcpy(&number, text.data(), sizeof number);
  return number;
}

bool WriteIndex(const std::string& path, const std::string& bytes) {
  try {
    WriteNewFile(path, bytes);
    return true;
  } catch (const DataError&) {
    return false;
  }
}

}  // namespace

void IndexWriter::Put(uint64_t number) {
  bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void IndexWriter::Put(std::string_view text) {
  Put(text.size());
  bytes_ += text;
}

void IndexWriter::Save(const std::string& path, const std::string& otherwise) {
  Put(IndexChecksum(bytes_));
  if (WriteIndex(path, bytes_)) return;
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(otherwise).parent_path(), ignored);
  WriteIndex(otherwise, bytes_);
}

IndexReader::IndexReader(std::string_view magic, const std::string& path,
                         const std::string& otherwise) {
  for (const std::string& file : {path, otherwise}) {
    std::string ignored;
    if (!ReadWholeFile(file, kMostIndexBytes, bytes_, &ignored)) continue;
    const std::string_view all = bytes_;
    if (!all.starts_with(magic) || all.size() < magic.size() + sizeof(uint64_t)) continue;
    const std::string_view before = all.substr(0, all.size() - sizeof(uint64_t));
    if (IndexChecksum(before) != NumberAt(all.substr(before.size()))) continue;
    rest_ = before.substr(magic.size());
    sound_ = true;
    return;
  }
}

uint64_t IndexReader::Number() {
  if (rest_.size() < sizeof(uint64_t)) {
    sound_ = false;
    rest_ = {};
    return 0;
  }
  const uint64_t number = NumberAt(rest_);
  rest_.remove_prefix(sizeof number);
  return number;
}

std::string_view IndexReader::Text() {
  const uint64_t size = Number();
  if (size > rest_.size()) {
    sound_ = false;
    rest_ = {};
    return {};
  }
  const std::string_view text = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return text;
}

bool ModifiedJustNow(int64_t modified_ns) {
  using std::chrono::nanoseconds;
  constexpr nanoseconds kResolution = std::chrono::seconds(3);  // FAT has two
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return nanoseconds(modified_ns) > now - kResolution;
}

}  // namespace flowtrain
