#include "nodes/train/checkpoint/checkpoint_space.h"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <limits>

#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();
constexpr uint64_t kOtherFiles = 8;  // of a run: log, metrics, …

std::string Checkpoints(uint64_t count, uint64_t bytes) {
  return count == 1 ? "a checkpoint of " + ShowGib(bytes)
                    : std::to_string(count) + " checkpoints of " + ShowGib(bytes);
}

std::string DiskWarning(const CheckpointNeed& need, uint64_t free_bytes) {
  const uint64_t wanted = need.bytes * need.files;
  if (wanted <= free_bytes) return {};
  const std::string free = "the disk of " + need.folder + " has " + ShowGib(free_bytes) + " free";
  const std::string elsewhere = "free space there, or name a folder on another disk with --run-dir";
  if (need.bytes > free_bytes) {
    return free + ", which is too little for " + Checkpoints(1, need.bytes) +
           ": the run will end when it writes one; " + elsewhere;
  }
  return free + ", and the run may need " + ShowGib(wanted) + " more, for " +
         Checkpoints(need.files, need.bytes) +
         " (with the one being written): it ends when the disk is full; lower " + need.keep_name +
         ", " + elsewhere;
}

}  // namespace

DiskRoom DiskRoomOf(const std::string& folder) {
  DiskRoom room{kNoLimit, kNoLimit, kNoLimit};
  struct statvfs disk {};
  if (statvfs(folder.c_str(), &disk) == 0) {
    const bool root = geteuid() == 0;  // who may use the last blocks too
    room.bytes = static_cast<uint64_t>(root ? disk.f_bfree : disk.f_bavail) * disk.f_frsize;
    // Some file systems (btrfs) make inodes as they need them, and say that there are none.
    if (disk.f_files > 0) room.files = root ? disk.f_ffree : disk.f_favail;
  }
  rlimit size{};
  if (getrlimit(RLIMIT_FSIZE, &size) == 0 && size.rlim_cur != RLIM_INFINITY) {
    room.file_bytes = size.rlim_cur;
  }
  return room;
}

std::vector<std::string> CheckpointWarnings(const CheckpointNeed& need, const DiskRoom& disk,
                                            const MemoryRoom& memory) {
  std::vector<std::string> warnings;
  const std::string on_disk = DiskWarning(need, disk.bytes);
  if (!on_disk.empty()) warnings.push_back(on_disk);
  if (need.files + kOtherFiles > disk.files) {
    warnings.push_back("the disk of " + need.folder + " has room for " + ShowCount(disk.files) +
                       " more files (inodes), and the run makes some " +
                       std::to_string(need.files + kOtherFiles) +
                       ": remove files there, or name a folder on another disk with --run-dir");
  }
  if (need.bytes > disk.file_bytes) {
    warnings.push_back("a checkpoint takes " + ShowGib(need.bytes) +
                       ", and a file may have no more than " + ShowGib(disk.file_bytes) +
                       ": the run will end when it writes one; raise the limit (ulimit -f)");
  }
  if (need.bytes > memory.bytes) {
    warnings.push_back("a checkpoint is copied to " + ShowGib(need.bytes) +
                       " of the host's memory before it is written, and " + ShowGib(memory.bytes) +
                       " are available" + CgroupNote(memory) +
                       ": the run may be killed when it writes one");
  }
  return warnings;
}

}  // namespace flowtrain
