#include "pipeline/base/files/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

[[noreturn]] void Fail(const std::string& path, const char* action) {
  throw DataError("cannot " + std::string(action) + ' ' + path + ": " +
                  std::generic_category().message(errno));
}

}  // namespace

MappedFile::MappedFile(const std::string& path) : path_(path) {
  // Without O_NONBLOCK the open of a FIFO waits for someone to write.
  fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd_ < 0) Fail(path, "open");
  try {
    Map();
  } catch (...) {
    if (data_ != nullptr) munmap(const_cast<uint8_t*>(data_), size_);
    close(fd_);
    throw;
  }
}

void MappedFile::Map() {
  struct stat status {};
  if (fstat(fd_, &status) != 0) Fail(path_, "examine");
  if (!S_ISREG(status.st_mode)) {
    throw DataError("cannot read " + path_ + ": it is " +
                    (S_ISDIR(status.st_mode) ? "a folder" : "not a regular file"));
  }
  size_ = static_cast<size_t>(status.st_size);
  if (size_ == 0) return;  // mmap does not accept an empty file
  void* mapping = mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd_, 0);
  if (mapping == MAP_FAILED) Fail(path_, "map");
  data_ = static_cast<const uint8_t*>(mapping);
  guard_.emplace(mapping, size_);
  madvise(mapping, size_, MADV_RANDOM);
  const auto pages = static_cast<size_t>(sysconf(_SC_PHYS_PAGES));
  likely_to_stay_ = size_ / static_cast<size_t>(sysconf(_SC_PAGESIZE)) < pages / 2;
}

MappedFile::~MappedFile() {
  guard_.reset();
  if (data_ != nullptr) munmap(const_cast<uint8_t*>(data_), size_);
  close(fd_);
}

void MappedFile::WillNeed(size_t offset, size_t length) const {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t begin = offset / page * page;
  madvise(const_cast<uint8_t*>(data_) + begin, offset + length - begin, MADV_WILLNEED);
}

void MappedFile::CheckReads() const {
  if (!ReadsWereLost(lost())) return;
  CheckSize();
  Changed("a part of it cannot be read: the disk has failed");
}

void MappedFile::CheckFile() const {
  CheckSize();
  CheckReads();
}

void MappedFile::CheckSize() const {
  struct stat status {};
  if (fstat(fd_, &status) != 0) Fail(path_, "examine");
  if (static_cast<size_t>(status.st_size) == size_) return;
  Changed("it has " + std::to_string(status.st_size) + " bytes now, and had " +
          std::to_string(size_));
}

void MappedFile::Changed(const std::string& how) const {
  throw DataError(path_ + " changed while it was read: " + how +
                  ". Put it back as it was, then go on with --resume");
}

}  // namespace flowtrain
