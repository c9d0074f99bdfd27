// Where the images of a tar file lie in it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace flowtrain {

struct TarImage {
  std::string name;   // of the member: "n01440764/123.jpg"
  std::string label;  // as its sample says it; empty: it has none
  uint64_t offset = 0, size = 0;
};

// What was found in a tar file.
struct TarIndex {
  uint64_t file_bytes = 0;
  int64_t modified_ns = 0;       // of a file on a server 0
  std::string validator;         // of a file on a server: its ETag, or its date
  std::vector<TarImage> images;  // in the order of the file
  uint64_t not_taken = 0;        // files of samples without an image
  uint64_t more_images = 0;      // of samples that hold one already
  uint64_t links = 0;            // to other members, which hold the data
  uint64_t no_end = 0;           // 1: the file has no end mark, and may be cut off
};

// Reads the headers of a tar file: ustar, GNU (long names, sizes above 8 GiB), pax (path, size).
// As webdataset has it, members that are called the same up to the first dot of their last component
// are one sample: its image is the member with an image's extension, its label the text of .cls or
// the "label" or "class" of .json. A member that comes twice is the later one. `found` (may be empty)
// is called for each image. Throws DataError for a file that is damaged, cut off, compressed, or has
// sparse members, with its name and what to do.
// `fd`, which it closes, is the file, where it is open already.
TarIndex IndexTar(const std::string& path, const std::function<void()>& found, int fd = -1);

// A checksum of the names, labels and places of the images; never 0.
uint64_t DigestOf(const TarIndex& index);

}  // namespace flowtrain
