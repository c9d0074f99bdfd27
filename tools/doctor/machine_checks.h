// Cores and memory against what a run would take, and WSL2.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/base/cpu_limits.h"
#include "pipeline/base/memory_budget.h"
#include "tools/doctor/finding.h"

namespace flowtrain {

struct MachineFacts {
  CpuLimits cpu;
  int workers = 1;                // data.num_workers; 0: auto
  MemoryRoom room;                // that can still be taken
  uint64_t pool_bytes = 0;        // of a run's batch buffers and its cache of images
  uint64_t memory = 0, swap = 0;  // the system's, in all
  bool wsl = false, dxg = false;  // under Windows; its GPU is offered (/dev/dxg)
};
// `root` is put before /proc, /sys and /dev, for tests.
MachineFacts ReadMachineFacts(int workers, uint64_t pool_bytes, const std::string& root = "");

Findings CheckMachine(const MachineFacts& facts);

}  // namespace flowtrain
