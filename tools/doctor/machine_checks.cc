#include "tools/doctor/machine_checks.h"

#include <unistd.h>

#include <fstream>

#include "nodes/device/nvidia/nvidia_gpu.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;

// A line of /proc/meminfo, in bytes; 0: it is not there.
uint64_t MemInfo(const std::string& root, const std::string& key) {
  std::ifstream file(root + "/proc/meminfo");
  std::string name, unit;
  for (uint64_t kib{}; file >> name >> kib; std::getline(file, unit)) {
    if (name == key + ':') return kib * 1024;
  }
  return 0;
}

Finding CheckCores(const MachineFacts& facts) {
  const int cores = facts.cpu.usable;
  std::string text = ShowCount(static_cast<uint64_t>(cores), "core");
  if (facts.cpu.quota > 0 && facts.cpu.quota < facts.cpu.affinity) {
    text += " (a cgroup allows " + ShowFixed(facts.cpu.quota, 1) + " of " +
            std::to_string(facts.cpu.affinity) + ')';
  }
  if (facts.workers == 0) return Good("CPU cores", text + ", workers tuned in the run");
  text += ", data.num_workers " + std::to_string(facts.workers);
  if (facts.workers <= cores) return Good("CPU cores", text);
  return Warn("CPU cores", text + ": lowered to " + std::to_string(cores) + " in a run",
              "--set data.num_workers=auto, or flowtrain tune");
}

Finding CheckRoom(const MachineFacts& facts) {
  const std::string text = ShowGib(facts.room.bytes) + " available" + CgroupNote(facts.room) +
                           "; batch buffers and the cache of images take " +
                           ShowGib(facts.pool_bytes);
  if (facts.pool_bytes < facts.room.bytes / 2) return Good("Memory", text);
  return facts.pool_bytes < facts.room.bytes
             ? Warn("Memory", text, "--set data.batch_slots=2, or a smaller data.cache_budget")
             : Fault("Memory", text, "--set data.batch_slots=2, or a smaller data.cache_budget");
}

// What the guide gives WSL2 of a PC with 24 GB, and half of a smaller one's.
Finding CheckWslMemory(const MachineFacts& facts) {
  const std::string text =
      "WSL2 has " + ShowGib(facts.memory) + " of memory and " + ShowGib(facts.swap) + " of swap";
  if (facts.memory >= 15 * kGiB && facts.swap >= 4 * kGiB) return Good("WSL2 memory", text);
  return Warn("WSL2 memory", text,
              "in %UserProfile%\\.wslconfig, of a PC with 24 GB: [wsl2] memory=20GB swap=8GB; then "
              "in PowerShell: wsl --shutdown");
}

Finding CheckWslGpu(const MachineFacts& facts) {
  if (facts.dxg) return Good("WSL2 GPU", "Windows offers its GPU (/dev/dxg)");
  return Warn(
      "WSL2 GPU", "Windows offers no GPU: there is no /dev/dxg",
      "in PowerShell: wsl --update, then wsl --shutdown; NVIDIA's driver in Windows, none in "
      "WSL2");
}

}  // namespace

MachineFacts ReadMachineFacts(int workers, uint64_t pool_bytes, const std::string& root) {
  MachineFacts facts;
  facts.cpu = ReadCpuLimits(root);
  facts.workers = workers;
  facts.room = AvailableMemoryRoom(root);
  facts.pool_bytes = pool_bytes;
  facts.memory = MemInfo(root, "MemTotal");
  facts.swap = MemInfo(root, "SwapTotal");
  std::ifstream version(root + "/proc/sys/kernel/osrelease");
  std::string release;
  std::getline(version, release);
  facts.wsl = IsWslKernel(release);
  facts.dxg = access((root + "/dev/dxg").c_str(), F_OK) == 0;
  return facts;
}

Findings CheckMachine(const MachineFacts& facts) {
  Findings findings = {CheckCores(facts), CheckRoom(facts)};
  if (facts.wsl) {
    findings.push_back(CheckWslMemory(facts));
    findings.push_back(CheckWslGpu(facts));
  }
  return findings;
}

}  // namespace flowtrain
