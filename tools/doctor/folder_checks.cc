#include "tools/doctor/folder_checks.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "pipeline/base/clock.h"
#include "pipeline/base/files/descriptor.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr size_t kProbeBytes = size_t{64} << 20, kBlockBytes = size_t{1} << 20;
constexpr uint64_t kProbeNs = 2'000'000'000;  // at most, for a slow disk
constexpr double kSlowMiBPerS = 50;

struct Amount {
  size_t bytes = 0;
  uint64_t ns = 0;
  double mib_per_s() const {
    return ns == 0 ? 0 : static_cast<double>(bytes) / 1048576.0 * 1e9 / static_cast<double>(ns);
  }
};

void ReadSome(const std::string& path, std::vector<char>& block, Amount& amount) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return;
  posix_fadvise(file.fd, 0, 0, POSIX_FADV_DONTNEED);
  const uint64_t begin = NowNs();
  for (;;) {
    const ssize_t got = read(file.fd, block.data(), block.size());
    if (got <= 0) break;
    amount.bytes += static_cast<size_t>(got);
    if (amount.bytes >= kProbeBytes || amount.ns + NowNs() - begin > kProbeNs) break;
  }
  amount.ns += NowNs() - begin;
}

Amount ReadBelow(const std::string& root) {
  Amount amount;
  std::vector<char> block(kBlockBytes);
  std::error_code error;
  if (fs::is_regular_file(root, error)) {
    ReadSome(root, block, amount);
    return amount;
  }
  for (fs::recursive_directory_iterator entry(root, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!entry->is_regular_file(error)) continue;
    ReadSome(entry->path(), block, amount);
    if (amount.bytes >= kProbeBytes || amount.ns > kProbeNs) break;
  }
  return amount;
}

// The place itself, or the nearest folder above it that is there.
fs::path ExistingAbove(fs::path path) {
  std::error_code error;
  path = fs::absolute(path, error);
  while (!fs::exists(path, error) && path.has_parent_path() && path != path.parent_path()) {
    path = path.parent_path();
  }
  return path;
}

void AddFileSystem(const char* subject, const std::string& path, Findings& findings) {
  struct statfs status {};
  if (statfs(path.c_str(), &status) != 0) return;
  const std::string slow = SlowFileSystem(static_cast<int64_t>(status.f_type), path);
  if (slow.empty()) return;
  findings.push_back(
      Warn(subject, path + " is on " + slow, "move it to a local disk (under WSL2: below ~)"));
}

Finding CheckSpace(const fs::path& folder, uint64_t checkpoint_bytes) {
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  constexpr uint64_t kCheckpoints = 5;  // the last three, the best, and one being written
  const std::string text = ShowGib(space.available) + " free in " + folder.string() +
                           "; a checkpoint takes " + ShowGib(checkpoint_bytes);
  if (!error && space.available > kCheckpoints * checkpoint_bytes) return Good("Disk space", text);
  return Fault("Disk space", text, "make room, or --set run.dir=ANOTHER_DISK");
}

// A file that goes away.
class ProbeFile {
 public:
  explicit ProbeFile(const fs::path& folder)
      : path_((folder / ".flowtrain-probe-XXXXXX").string()),
        file_(mkostemp(path_.data(), O_CLOEXEC)) {}
  ~ProbeFile() {
    if (file_.fd >= 0) unlink(path_.c_str());
  }
  ProbeFile(const ProbeFile&) = delete;
  ProbeFile& operator=(const ProbeFile&) = delete;

  int fd() const { return file_.fd; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const Descriptor file_;
};

Amount Write(const ProbeFile& file) {
  Amount amount;
  const std::vector<char> block(kBlockBytes, 'x');
  const uint64_t begin = NowNs();
  while (amount.bytes < kProbeBytes && NowNs() - begin < kProbeNs) {
    const ssize_t written = write(file.fd(), block.data(), block.size());
    if (written <= 0) break;
    amount.bytes += static_cast<size_t>(written);
  }
  fsync(file.fd());
  amount.ns = NowNs() - begin;
  return amount;
}

// A second lock on the same file must be refused.
bool LocksWork(const ProbeFile& file) {
  const Descriptor other(open(file.path().c_str(), O_RDONLY | O_CLOEXEC));
  return other.fd >= 0 && flock(file.fd(), LOCK_EX | LOCK_NB) == 0 &&
         flock(other.fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace

std::string SlowFileSystem(int64_t type, const std::string& path) {
  constexpr int64_t k9p = 0x01021997, kNfs = 0x6969, kSmb2 = 0xFE534D42, kCifs = 0xFF534D42,
                    kFuse = 0x65735546;
  if (type == k9p && path.starts_with("/mnt/"))
    return "Windows' disk, ten times slower than WSL2's";
  if (type == k9p) return "a folder of the host's (9p), which is slow";
  if (type == kNfs || type == kSmb2 || type == kCifs) return "a network file system";
  if (type == kFuse) return "a file system in user space (FUSE), which may be slow";
  return {};
}

Findings CheckDataFolder(const std::string& root) {
  Findings findings;
  AddFileSystem("Data folder", root, findings);
  const Amount amount = ReadBelow(root);
  if (amount.bytes == 0) return findings;
  const std::string text = "reads " + ShowRate(amount.mib_per_s()) + " MiB/s from " + root;
  findings.push_back(
      amount.mib_per_s() >= kSlowMiBPerS
          ? Good("Data folder", text)
          : Warn("Data folder", text,
                 "--set data.cache=packed --set data.cache_file=FILE_ON_A_FAST_DISK"));
  return findings;
}

Findings CheckRunFolder(const std::string& folder, uint64_t checkpoint_bytes) {
  const fs::path there = ExistingAbove(folder);
  Findings findings = {CheckSpace(there, checkpoint_bytes)};
  AddFileSystem("Run folder", there.string(), findings);
  const ProbeFile file(there);
  if (file.fd() < 0) {
    findings.push_back(Fault("Run folder",
                             there.string() + " cannot be written to: " + std::strerror(errno),
                             "--set run.dir=A_FOLDER_OF_YOURS"));
    return findings;
  }
  const Amount amount = Write(file);
  const std::string text = "writes " + ShowRate(amount.mib_per_s()) + " MiB/s to " + there.string();
  findings.push_back(amount.mib_per_s() >= kSlowMiBPerS
                         ? Good("Run folder", text)
                         : Warn("Run folder", text, "--set run.dir=A_FASTER_DISK"));
  findings.push_back(LocksWork(file) ? Good("Locks", "work in " + there.string())
                                     : Fault("Locks",
                                             "do not work in " + there.string() +
                                                 ": two programs could write one run",
                                             "--set run.dir=A_LOCAL_DISK"));
  return findings;
}

}  // namespace flowtrain
