#include "nodes/source/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "pipeline/error.h"

namespace flowtrain {

MappedFile::MappedFile(const std::string& path) : path_(path) {
  const auto fail = [&](const char* what) {
    throw DataError(std::string("cannot ") + what + ' ' + path + ": " + std::strerror(errno));
  };
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail("open");
  struct stat status {};
  void* memory = nullptr;
  if (fstat(descriptor, &status) == 0 && status.st_size > 0) {
    memory =
        mmap(nullptr, static_cast<size_t>(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0);
  }
  close(descriptor);
  if (memory == MAP_FAILED) fail("map");
  if (memory == nullptr) throw DataError(path + " is empty or no file");
  // Samples are read in a shuffled order: reading ahead would fetch what nobody asked for.
  madvise(memory, static_cast<size_t>(status.st_size), MADV_RANDOM);
  bytes_ = {static_cast<const uint8_t*>(memory), static_cast<size_t>(status.st_size)};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
}

}  // namespace flowtrain
