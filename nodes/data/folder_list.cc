#include "nodes/data/folder_list.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <set>
#include <system_error>
#include <utility>

#include "nodes/data/folder_index.h"
#include "nodes/image/image_extension.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/descriptor.h"
#include "pipeline/base/progress_line.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

// What file systems and systems put beside files, with or without copies of images inside.
constexpr std::array<std::string_view, 5> kOfTheSystem = {
    "__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"};

constexpr size_t kMostNamed = 200;  // of the files not taken

using FileId = std::pair<dev_t, ino_t>;

bool IsHidden(std::string_view name) {
  return name.front() == '.' ||
         std::find(kOfTheSystem.begin(), kOfTheSystem.end(), name) != kOfTheSystem.end();
}

[[noreturn]] void CannotLookAt(const std::string& path, int error) {
  std::string advice = "change its permissions or move it away";
  if (error == ENAMETOOLONG) advice = "move it to a shorter path";
  if (error == EIO || error == ESTALE) advice = "look at the disk or the connection to the server";
  throw DataError("cannot look at " + PrintableName(path) + ": " +
                  std::generic_category().message(error) +
                  "; there may be images that would be missing: " + advice);
}

// An open folder that is being read.
class OpenFolderStream {
 public:
  OpenFolderStream(int root, const std::string& relative, std::string path)
      : path_(std::move(path)) {
    const int fd = openat(root, relative.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) CannotLookAt(path_, errno);
    stream_ = fdopendir(fd);
    if (stream_ != nullptr) return;
    const int error = errno;
    close(fd);
    CannotLookAt(path_, error);
  }
  ~OpenFolderStream() { closedir(stream_); }
  OpenFolderStream(const OpenFolderStream&) = delete;
  OpenFolderStream& operator=(const OpenFolderStream&) = delete;

  int fd() const { return dirfd(stream_); }
  // The next entry; null at the end.
  const dirent* Next() const {
    errno = 0;
    const dirent* entry = readdir(stream_);
    if (entry == nullptr && errno != 0) CannotLookAt(path_, errno);
    return entry;
  }

 private:
  const std::string path_;
  DIR* stream_ = nullptr;
};

class Lister {
 public:
  Lister(const std::string& root, uint64_t least_kept)
      : root_(root),
        least_kept_(least_kept),
        root_fd_(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
        index_(root) {
    if (root_fd_.fd < 0) CannotLookAt(root_, errno);
  }

  FolderListing List() && {
    Enter("", 0);
    std::sort(files_.begin(), files_.end());
    CountRepeatedImages();
    CountHardLinks();
    // By bytes: the order of std::string ignores the locale.
    std::sort(found_.images.begin(), found_.images.end());
    std::sort(found_.folders.begin(), found_.folders.end());
    if (found_.images.size() >= least_kept_) index_.Save();
    return std::move(found_);
  }

 private:
  // `relative` is empty or ends with a slash. Everything is opened relative to the root, so that
  // only the path below it must be within the system's limit.
  void Enter(const std::string& relative, int depth) {
    std::vector<std::string> folders;
    {
      const OpenFolderStream folder(root_fd_.fd, relative.empty() ? "." : relative,
                                    PathOf(relative));
      struct stat status {};
      if (fstat(folder.fd(), &status) != 0) CannotLookAt(PathOf(relative), errno);
      if (!entered_.insert({status.st_dev, status.st_ino}).second) {
        found_.repeated_folders.Add(relative.substr(0, relative.size() - 1));
        return;
      }
      if (depth > 0 && depth <= 2)
        found_.folders.push_back(relative.substr(0, relative.size() - 1));
      if (const auto kept = index_.Find(relative, status)) {
        for (const FolderEntry& entry : *kept) {
          Sort(entry, folder.fd(), status.st_dev, relative, &folders);
        }
      } else {
        ReadEntries(folder, status, relative, &folders);
      }
    }
    // Sorted, so that of two links to one folder the same one counts on every machine.
    std::sort(folders.begin(), folders.end());
    for (const std::string& name : folders) Enter(relative + name + '/', depth + 1);
  }

  // Reads the entries of a folder, and keeps them for the next start.
  void ReadEntries(const OpenFolderStream& folder, const struct stat& status,
                   const std::string& relative, std::vector<std::string>* folders) {
    std::string names;
    std::vector<FolderEntry> entries;
    std::vector<size_t> ends;
    while (const dirent* entry = folder.Next()) {
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      names += name;
      ends.push_back(names.size());
      entries.push_back({{}, entry->d_ino, entry->d_type});
      TellOfProgress(entries.size());
    }
    for (size_t i = 0; i < entries.size(); ++i) {
      const size_t begin = i == 0 ? 0 : ends[i - 1];
      entries[i].name = std::string_view(names).substr(begin, ends[i] - begin);
      Sort(entries[i], folder.fd(), status.st_dev, relative, folders);
    }
    index_.Add(relative, folder.fd(), status, entries);
  }

  void TellOfProgress(uint64_t more) {
    constexpr uint64_t kAskEvery = 1024;
    if (more % kAskEvery != 0 || !line_.Due()) return;
    line_.Show("reading the folder " + PrintableName(root_) + ": " +
               ShowCount(found_.images.size() + more) + " files so far");
  }

  // Puts an entry where it belongs; a folder's name in `folders`.
  void Sort(const FolderEntry& entry, int folder, dev_t device, const std::string& relative,
            std::vector<std::string>* folders) {
    const std::string name(entry.name);
    if (IsHidden(name)) {
      return (entry.type == DT_DIR ? found_.hidden_folders : found_.hidden_files)
          .Add(relative + name);
    }
    // The folder itself says what its entries are; only the targets of links are looked up.
    switch (entry.type) {
      case DT_DIR:
        return folders->push_back(name);
      case DT_REG:
        return AddFile(relative + name, {device, entry.inode}, false);
      case DT_LNK:
      case DT_UNKNOWN:  // the file system does not say
        return LookUp(name, folder, relative, folders);
      default:
        return found_.no_files.Add(relative + name);
    }
  }

  void LookUp(const std::string& name, int folder, const std::string& relative,
              std::vector<std::string>* folders) {
    struct stat own {
    }, status{};
    const bool is_link =
        fstatat(folder, name.c_str(), &own, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(own.st_mode);
    if (fstatat(folder, name.c_str(), &status, 0) != 0) {
      if (!LeadsNowhere(errno)) CannotLookAt(PathOf(relative + name), errno);
      if (is_link) found_.dead_links.Add(relative + name);  // otherwise it has just been removed
    } else if (S_ISDIR(status.st_mode)) {
      folders->push_back(name);
    } else if (S_ISREG(status.st_mode)) {
      AddFile(relative + name, {status.st_dev, status.st_ino}, is_link);
    } else {
      found_.no_files.Add(relative + name);
    }
  }

  void AddFile(const std::string& path, const FileId& id, bool is_link) {
    if (HasImageExtension(path)) {
      if (path.size() >= PATH_MAX) CannotLookAt(PathOf(path), ENAMETOOLONG);
      if (is_link) {
        links_.emplace_back(id, path);
      } else {
        files_.emplace_back(id, found_.images.size());
      }
      return found_.images.push_back(path);
    }
    found_.not_taken[ExtensionOf(path.substr(path.rfind('/') + 1))].Add(path);
    if (found_.some_not_taken.size() < kMostNamed) found_.some_not_taken.push_back(path);
  }

  // Of two links to one file, the first is not a repetition.
  void CountRepeatedImages() {
    if (links_.empty()) return;
    std::sort(links_.begin(), links_.end());
    for (size_t i = 0; i < links_.size(); ++i) {
      const FileId& id = links_[i].first;
      const bool of_link = i > 0 && links_[i - 1].first == id;
      const auto file = std::lower_bound(files_.begin(), files_.end(), std::pair(id, size_t{0}));
      if (of_link || (file != files_.end() && file->first == id)) {
        found_.repeated_images.Add(links_[i].second);
      }
    }
  }

  // What folders say of their entries is not certain (overlayfs, mounts), so the files are asked.
  void CountHardLinks() {
    std::vector<std::string> paths;
    for (size_t i = 1; i < files_.size(); ++i) {
      const auto& [id, image] = files_[i];
      const auto& [id_before, image_before] = files_[i - 1];
      if (id != id_before || !IsOneFile(found_.images[image_before], found_.images[image])) {
        continue;
      }
      paths.push_back(std::max(found_.images[image_before], found_.images[image]));
    }
    std::sort(paths.begin(), paths.end());
    for (const std::string& path : paths) found_.hard_links.Add(path);
  }

  bool IsOneFile(const std::string& one, const std::string& two) const {
    struct stat a {
    }, b{};
    return fstatat(root_fd_.fd, one.c_str(), &a, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(root_fd_.fd, two.c_str(), &b, AT_SYMLINK_NOFOLLOW) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino;
  }

  std::string PathOf(const std::string& relative) const {
    std::string path = relative.empty() ? root_ : root_ + '/' + relative;
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return path;
  }

  const std::string root_;
  const uint64_t least_kept_;
  const Descriptor root_fd_;
  FolderIndex index_;
  ProgressLine line_;
  std::set<FileId> entered_;
  std::vector<std::pair<FileId, size_t>> files_;       // images that are files, by their number
  std::vector<std::pair<FileId, std::string>> links_;  // images that are links
  FolderListing found_;
};

}  // namespace

bool LeadsNowhere(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

FolderListing ListFolder(const std::string& root, uint64_t least_kept) {
  return Lister(root, least_kept).List();
}

}  // namespace flowtrain
