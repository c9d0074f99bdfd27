// Who used the CPU: this process, other programs, other machines on the same processor.
#pragma once

#include <cstdint>
#include <string>

namespace flowtrain {

// What was counted up to a moment or, of a difference, between two. Cores are those of the affinity
// mask. Zeros stand for what the system does not tell.
struct CpuUse {
  uint64_t at_ns = 0;      // of the steady clock; of a difference, how long it took
  uint64_t own_ns = 0;     // CPU time of this process
  uint64_t busy_ns = 0;    // of all programs, this one included
  uint64_t idle_ns = 0;    // in which the cores had nothing to do
  uint64_t stolen_ns = 0;  // that a hypervisor gave to other virtual machines
  // Of the cgroup with the smallest CPU quota: its periods, and those in which the quota ran out.
  uint64_t periods = 0, throttled_periods = 0;

  // What was counted after `earlier`.
  CpuUse Since(const CpuUse& earlier) const;

  // Of a difference. Below half a second the kernel's figures are too coarse: then nothing is known.
  bool known() const;
  double others() const;     // cores that other programs used; 0 if not known
  double stolen() const;     // cores that a hypervisor took; 0 if not known
  double throttled() const;  // share of the periods in which the quota ran out
  bool full() const;         // hardly any time was left on the cores
};

// Reads /proc/stat, /proc/self and /sys/fs/cgroup, in about 50 us. `root` is put before these
// paths, for tests.
CpuUse ReadCpuUse(const std::string& root = "");

}  // namespace flowtrain
