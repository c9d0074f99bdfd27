#include "nodes/source/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "pipeline/error.h"

namespace flowtrain {
namespace {

[[noreturn]] void Fail(const std::string& path, const char* action) {
  throw DataError("cannot " + std::string(action) + ' ' + path + ": " +
                  std::generic_category().message(errno));
}

// Closes the file however the constructor ends; the mapping outlives it.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) Fail(path, "open");
  struct stat status {};
  if (fstat(file.fd, &status) != 0) Fail(path, "examine");
  size_ = static_cast<size_t>(status.st_size);
  if (size_ == 0) return;  // mmap takes no empty file
  void* mapping = mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.fd, 0);
  if (mapping == MAP_FAILED) Fail(path, "map");
  data_ = static_cast<const uint8_t*>(mapping);
  madvise(mapping, size_, MADV_RANDOM);
  const auto pages = static_cast<size_t>(sysconf(_SC_PHYS_PAGES));
  likely_to_stay_ = size_ / static_cast<size_t>(sysconf(_SC_PAGESIZE)) < pages / 2;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<uint8_t*>(data_), size_);
}

void MappedFile::WillNeed(size_t offset, size_t length) const {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t begin = offset / page * page;
  madvise(const_cast<uint8_t*>(data_) + begin, offset + length - begin, MADV_WILLNEED);
}

}  // namespace flowtrain
