// How much memory a cache may take: what a user asks for, and what is available.
#pragma once

#include <cstdint>
#include <string>

namespace flowtrain {

// Bytes of memory this process can still take: what the system has available, and at most what each
// cgroup (version 1 or 2) around the process leaves below its limit. Page cache counts as free,
// since the kernel gives it up. `root` is put before /proc and /sys/fs/cgroup, for tests. A limit
// that cannot be read is ignored.
uint64_t AvailableMemory(const std::string& root = "");

// The same with what holds it: the folder of the cgroup, and its limit; empty and 0 where it is the
// system's memory.
struct MemoryRoom {
  uint64_t bytes = 0;
  std::string cgroup;
  uint64_t limit = 0;
};
MemoryRoom AvailableMemoryRoom(const std::string& root = "");
// " (the memory cgroup /sys/fs/cgroup/a allows 4.0 GiB)"; empty where it is the system's memory.
std::string CgroupNote(const MemoryRoom& room);

// "4 GiB", "500MiB", "1.5 GB", "65536" (bytes): powers of 1024 with an i, of 1000 without; "25%":
// that share of `available` bytes. Case and spaces do not matter. Throws ConfigError for anything
// else, for zero, for more than 100% and for less than 4096 without a unit, where one was forgotten.
uint64_t ParseMemorySize(const std::string& text, uint64_t available);

}  // namespace flowtrain
