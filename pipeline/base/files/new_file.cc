#include "pipeline/base/files/new_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

constexpr size_t kBufferBytes = size_t{4} << 20;

}  // namespace

NewFile::NewFile(const std::string& path)
    : path_(path), temporary_(path + ".part-" + std::to_string(getpid())) {
  fd_ = open(temporary_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
  if (fd_ < 0) Fail("create");
  buffer_.reserve(kBufferBytes);
}

NewFile::~NewFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(temporary_.c_str());
}

void NewFile::Append(std::span<const uint8_t> bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) Flush();
  if (bytes.size() > kBufferBytes) {
    WriteAt(bytes, written_);
    written_ += bytes.size();
  } else {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
}

void NewFile::Append(std::string_view text) {
  Append(std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

void NewFile::AlignTo(size_t unit) {
  const std::vector<uint8_t> zeros((unit - size() % unit) % unit);
  Append(zeros);
}

void NewFile::Commit(std::span<const uint8_t> head) {
  Flush();
  WriteAt(head, 0);
  if (fsync(fd_) != 0) Fail("sync");
  if (rename(temporary_.c_str(), path_.c_str()) != 0) Fail("rename");
  close(fd_);
  fd_ = -1;
  SyncFolder();
}

void NewFile::Flush() {
  WriteAt(buffer_, written_);
  written_ += buffer_.size();
  buffer_.clear();
}

void NewFile::WriteAt(std::span<const uint8_t> bytes, uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t done = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) Fail("write");
    bytes = bytes.subspan(static_cast<size_t>(done));
    offset += static_cast<uint64_t>(done);
  }
}

// Makes the new name durable. Some file systems cannot, and the file is whole without it.
void NewFile::SyncFolder() const {
  const std::filesystem::path folder = std::filesystem::absolute(path_).parent_path();
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

void NewFile::Fail(const char* action) const {
  const std::string why = std::generic_category().message(errno);
  throw DataError("cannot " + std::string(action) + ' ' + path_ + ": " + why);
}

void WriteNewFile(const std::string& path, std::span<const uint8_t> bytes) {
  NewFile file(path);
  file.Append(bytes);
  file.Commit({});
}

void WriteNewFile(const std::string& path, std::string_view text) {
  WriteNewFile(path, std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

}  // namespace flowtrain
