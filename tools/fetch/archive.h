// The archives of public data sets: where they come from, and what must be in them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace flowtrain {

struct ArchiveFile {
  std::string name;    // in the archive's folder
  uint64_t bytes = 0;  // 0: any number up to a MiB; such a file may be missing
  std::string md5;     // empty: not published; the archive's stands for it
};

struct Archive {
  std::string title;    // "STL-10"
  std::string command;  // "flowtrain fetch stl10"
  std::string url;
  std::string md5;
  uint64_t bytes = 0;  // of the archive
  std::string folder;  // in it, and where it is unpacked
  std::vector<ArchiveFile> files;

  std::string file() const;  // "stl10_binary.tar.gz"
  uint64_t unpacked_bytes() const;
};

// By the name that the command takes: stl10, cifar10. Null: there is none.
const Archive* FindArchive(const std::string& name);

}  // namespace flowtrain
