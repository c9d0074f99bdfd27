#include "nodes/data/data_root.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <vector>

#include "nodes/data/unread_files.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/suggest.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

bool MeansMissing(int error) { return error == ENOENT || error == ENOTDIR; }

std::string Path(const fs::path& path) { return PrintableName(path.string()); }

// Where the path ends to exist, and the name that was meant, if one there is like it.
std::string WhereItEnds(const fs::path& root) {
  std::error_code error;
  fs::path there = fs::absolute(root, error).lexically_normal();
  if (!there.has_filename()) there = there.parent_path();
  fs::path missing;
  while (!there.empty() && there != there.parent_path() && !fs::exists(there, error)) {
    missing = there.filename();
    there = there.parent_path();
  }
  std::vector<std::string> names;
  for (fs::directory_iterator entry(there, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  const std::string nearest = Nearest(missing.string(), names);
  if (!nearest.empty()) return "; did you mean " + Path(there / nearest) + "?";
  return "; the folder " + Path(there) + " has nothing named " + Path(missing);
}

// Throws for a path that leads to nothing, or cannot be looked at.
struct stat LookAt(const std::string& root, const char* what, const OptionNames& names) {
  const std::string name = NameOf(names, "root");
  if (root.empty()) {
    throw ConfigError(name + " is empty: it must name the " + what + " of the data set");
  }
  struct stat status {};
  if (stat(root.c_str(), &status) == 0) return status;
  const int error = errno;
  std::error_code ignored;
  if (MeansMissing(error) && fs::is_symlink(root, ignored)) {
    throw ConfigError(name + ": " + Path(root) + " is a link to " +
                      Path(fs::read_symlink(root, ignored)) +
                      ", which does not exist; if it is on a disk, mount that");
  }
  if (MeansMissing(error)) {
    const std::string packed = PackedBeside(root);
    throw ConfigError(name + ": there is no " + what + ' ' + Path(root) +
                      (packed.empty() ? WhereItEnds(root) : packed));
  }
  throw ConfigError(name + ": cannot look at " + Path(root) + ": " +
                    std::generic_category().message(error));
}

void NeedRight(const std::string& root, int right, const char* what, const OptionNames& names) {
  if (faccessat(AT_FDCWD, root.c_str(), right, AT_EACCESS) == 0) return;
  const int error = errno;
  throw ConfigError(NameOf(names, "root") + ": the " + what + ' ' + Path(root) +
                    " cannot be read: " + std::generic_category().message(error) +
                    "; change its permissions");
}

}  // namespace

std::string PackedBeside(const std::string& root) {
  std::string folder = root;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  for (const char* ending : {".tar.gz", ".tgz", ".tar", ".zip", ".tar.xz", ".tar.zst"}) {
    std::error_code ignored;
    if (!fs::is_regular_file(folder + ending, ignored)) continue;
    return "; " + PrintableName(folder + ending) + " is there, still packed: unpack it";
  }
  return {};
}

bool LeadsToNothing(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) != 0 && MeansMissing(errno);
}

void NeedFolder(const std::string& root, const OptionNames& names) {
  const struct stat status = LookAt(root, "folder", names);
  if (!S_ISDIR(status.st_mode)) {
    throw ConfigError(NameOf(names, "root") + ": " + Path(root) + " is a file and not a folder" +
                      AdviceOnFile(root, names));
  }
  NeedRight(root, R_OK | X_OK, "folder", names);
}

void NeedFile(const std::string& root, const std::string& what, const OptionNames& names) {
  const struct stat status = LookAt(root, "file", names);
  if (S_ISDIR(status.st_mode)) {
    throw ConfigError(NameOf(names, "root") + ": " + Path(root) + " is a folder and not a " + what +
                      AdviceOnFolder(root, names));
  }
  if (!S_ISREG(status.st_mode)) {
    throw ConfigError(NameOf(names, "root") + ": " + Path(root) + " is not a regular file");
  }
  NeedRight(root, R_OK, "file", names);
}

}  // namespace flowtrain
