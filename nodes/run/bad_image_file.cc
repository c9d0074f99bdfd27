#include "nodes/run/bad_image_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "nodes/run/write_file.h"
#include "pipeline/base/files/new_file.h"
#include "pipeline/base/files/read_file.h"
#include "pipeline/base/text/csv.h"
#include "pipeline/base/text/printable_name.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostBytes = size_t{1} << 32;
constexpr char kHeader[] = "name,reason,found_by\n";

// A reason may quote bytes of a file, so it is made printable as names are.
std::string LineOf(const BadImageRow& row) {
  return CsvField(PrintableName(row.name)) + ',' + CsvField(PrintableName(row.reason)) + ',' +
         CsvField(row.found_by) + '\n';
}

// Of the file at `path`; empty where there is none.
std::string ReadText(const std::string& path) {
  std::error_code missing;
  if (!fs::exists(path, missing)) return {};
  std::string text, why;
  if (ReadWholeFile(path, kMostBytes, text, &why)) return text;
  throw std::runtime_error("cannot read " + path + ": " + why + "; move it away");
}

// Without the row that a crash has cut short. No row contains a line break.
size_t EndOfRows(const std::string& text) {
  const size_t last = text.rfind('\n');
  return last == std::string::npos ? 0 : last + 1;
}

}  // namespace

std::vector<BadImageRow> ReadBadImageFile(const std::string& path) {
  std::vector<BadImageRow> rows;
  for (const std::vector<std::string>& fields : ReadCsv(ReadText(path))) {
    if (fields.size() == 3) rows.push_back({fields[0], fields[1], fields[2]});
  }
  if (!rows.empty()) rows.erase(rows.begin());  // the header
  return rows;
}

void WriteBadImageFile(const std::string& path, const std::vector<BadImageRow>& rows) {
  std::string text = kHeader;
  for (const BadImageRow& row : rows) text += LineOf(row);
  WriteNewFile(path, text);
}

BadImageFile::BadImageFile(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  for (BadImageRow& row : ReadBadImageFile(path_)) names_.insert(std::move(row.name));
}

BadImageFile::~BadImageFile() {
  if (file_ >= 0) ::close(file_);
}

bool BadImageFile::Add(const BadImageRow& row) {
  const std::lock_guard lock(mutex_);
  if (!names_.insert(PrintableName(row.name)).second) return false;
  if (path_.empty()) return true;
  if (file_ < 0) Open();
  WriteAll(file_, LineOf(row), path_);
  return true;
}

uint64_t BadImageFile::count() const {
  const std::lock_guard lock(mutex_);
  return names_.size();
}

void BadImageFile::Open() {
  const size_t bytes = EndOfRows(ReadText(path_));
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0 || ::ftruncate(file_, static_cast<off_t>(bytes)) != 0) FailWrite(path_, errno);
  if (bytes == 0) WriteAll(file_, kHeader, path_);
}

}  // namespace flowtrain
