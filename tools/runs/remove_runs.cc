#include "tools/runs/remove_runs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <system_error>

#include "pipeline/base/error.h"
#include "pipeline/base/text/units.h"
#include "tools/runs/run_record.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

// Holds the locks of folders, so that no run begins in one while it is asked about or deleted.
class FolderLocks {
 public:
  FolderLocks() = default;
  FolderLocks(const FolderLocks&) = delete;
  FolderLocks& operator=(const FolderLocks&) = delete;
  ~FolderLocks() {
    for (const int descriptor : descriptors_) ::close(descriptor);
  }

  // False if a run has it.
  bool Take(const std::string& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return true;
    descriptors_.push_back(descriptor);
    return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
  }

 private:
  std::vector<int> descriptors_;
};

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// Whether the working directory is the folder or below it.
bool HoldsWorkingDirectory(const fs::path& folder) {
  std::error_code error;
  const fs::path here = fs::current_path(error), whole = fs::canonical(folder, error);
  if (error) return false;
  const std::string below = fs::relative(here, whole, error).string();
  return !error && !below.starts_with("..");
}

void CheckRemovable(const std::string& folder) {
  std::error_code error;
  if (fs::is_symlink(folder, error)) {
    throw ConfigError(folder + " is a link to " + fs::read_symlink(folder, error).string() +
                      ": name the folder itself");
  }
  const std::string why = WhyNoRun(folder);
  if (!why.empty()) throw ConfigError(folder + ": " + why + "; nothing was deleted");
  if (HoldsWorkingDirectory(folder)) {
    throw ConfigError(folder + ": the shell is in it; leave it first. Nothing was deleted");
  }
}

}  // namespace

bool RemoveRuns(const std::vector<std::string>& folders,
                const std::function<bool(const std::string& question)>& confirm) {
  FolderLocks locks;
  std::set<fs::path> whole;  // a run may be named twice
  std::string list;
  for (const std::string& given : folders) {
    const std::string folder = WithoutSlash(given);
    CheckRemovable(folder);
    if (!whole.insert(fs::canonical(folder)).second) continue;
    if (!locks.Take(folder)) {
      throw ConfigError("a run is writing to " + folder + ": stop it first. Nothing was deleted");
    }
    uint64_t bytes = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file() && !entry.is_symlink()) bytes += entry.file_size();
    }
    list += "  " + folder + "  " + ShowGib(bytes) + '\n';
  }
  if (!confirm(list + "Delete " + ShowCount(whole.size(), "run") +
               ", with all checkpoints? [y/N] ")) {
    return false;
  }
  for (const fs::path& folder : whole) {
    std::error_code error;
    fs::remove_all(folder, error);
    if (error) {
      throw std::runtime_error("cannot delete " + folder.string() + ": " + error.message());
    }
  }
  return true;
}

}  // namespace flowtrain
