#include "tools/measure/peak_memory.h"

#include <malloc.h>

#include <fstream>
#include <sstream>
#include <string>

namespace flowtrain {

namespace {

// The value of a line of /proc/self/status, in bytes.
size_t StatusBytes(const std::string& field) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(field, 0) != 0) continue;
    std::istringstream fields(line.substr(field.size()));
    size_t kib = 0;
    fields >> kib;
    return kib * 1024;
  }
  return 0;
}

}  // namespace

void ResetPeakMemory() {
  malloc_trim(0);  // otherwise what the last run freed would count for the next
  std::ofstream("/proc/self/clear_refs") << "5\n";  // the peak resident size; see proc(5)
}

size_t PeakMemoryBytes() { return StatusBytes("VmHWM:"); }
size_t AnonymousMemoryBytes() { return StatusBytes("RssAnon:"); }

}  // namespace flowtrain
