// What was in the folders of a data set, kept from one start to the next.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/data/index_file.h"

namespace flowtrain {

// An entry of a folder, as readdir gives it.
struct FolderEntry {
  std::string_view name;
  uint64_t inode = 0;
  uint8_t type = 0;  // DT_REG, …
};

// The entries of all folders below a root. A folder's are used while it is the same folder and has
// the times, size and number of links that it had before its entries were read: adding, removing or
// renaming an entry changes its time. Never kept are those of a folder that was modified just before
// it was read, that holds links (what is behind them may change unseen), or that is on a file system
// whose folders need not have such times (FUSE).
class FolderIndex {
 public:
  explicit FolderIndex(const std::string& root);

  // The entries of a folder that is the same as it was; nullopt: it must be read. They are views of
  // the index. `relative` is the folder's path below the root.
  std::optional<std::vector<FolderEntry>> Find(const std::string& relative,
                                               const struct stat& status);
  // Takes the entries of a folder that was read; `status` is from before. `fd` is the folder.
  void Add(const std::string& relative, int fd, const struct stat& status,
           const std::vector<FolderEntry>& entries);
  // Writes the index beside the root, or else to the user's cache folder, if anything was added.
  void Save() const;

 private:
  struct State {
    int64_t modified_ns = 0, changed_ns = 0;
    uint64_t inode = 0, links = 0, bytes = 0;

    bool operator==(const State&) const = default;
  };
  struct Kept {
    State state;
    std::string_view entries;
  };

  static State StateOf(const struct stat& status);

  const std::string file_, other_file_;
  IndexReader reader_;                                     // what entries of `before_` are views of
  std::map<std::string, Kept, std::less<>> before_, now_;  // by the paths of folders
  std::deque<std::string> added_;                          // what entries of `now_` are views of
};

}  // namespace flowtrain
