#include "tools/compare/peak_memory.h"

#include <malloc.h>

#include <fstream>
#include <sstream>
#include <string>

namespace flowtrain {

bool ResetPeakMemory() {
  malloc_trim(0);  // or what the last run freed would count for the next
  std::ofstream file("/proc/self/clear_refs");
  file << "5\n";  // the peak resident size; see proc(5)
  return static_cast<bool>(file.flush());
}

size_t PeakMemoryBytes() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("VmHWM:", 0) != 0) continue;
    std::istringstream fields(line.substr(6));
    size_t kib = 0;
    fields >> kib;
    return kib * 1024;
  }
  return 0;
}

}  // namespace flowtrain
