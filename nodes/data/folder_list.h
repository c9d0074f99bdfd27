// Finds the image files of a folder.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace flowtrain {

// Files or folders that a listing counts, and the path of the first.
struct Counted {
  uint64_t count = 0;
  std::string first;

  void Add(const std::string& path) {
    if (count++ == 0) first = path;
  }
};

// What is in a folder, at any depth. All paths are relative to it.
struct FolderListing {
  std::vector<std::string> images;   // sorted by their bytes
  std::vector<std::string> folders;  // of depth 1 and 2, sorted; also those without images

  std::map<std::string, Counted> not_taken;  // other files, by extension in lower case; "": none
  std::vector<std::string> some_not_taken;   // the first of these
  // Names that begin with a dot, and what systems put beside files:
  Counted hidden_folders, hidden_files;
  Counted dead_links;        // to nothing, or in a circle
  Counted no_files;          // FIFOs, devices, sockets
  Counted repeated_folders;  // links to folders whose images are taken already
  Counted repeated_images;   // links to images that are taken already; they are taken again
  Counted hard_links;        // images that are other names of images that are taken already
};

// Whether a link that cannot be followed for this reason (errno) leads nowhere, so that nothing is
// lost without it. After any other error there may be images behind it.
bool LeadsNowhere(int error);

// Lists the folder. Links are followed, and no folder is entered twice. Throws DataError for
// anything below it that cannot be looked at. Reading takes a while: a progress line is shown, and
// what is in a set of `least_kept` images and more is kept for the next time (FolderIndex).
FolderListing ListFolder(const std::string& root, uint64_t least_kept = 20'000);

}  // namespace flowtrain
