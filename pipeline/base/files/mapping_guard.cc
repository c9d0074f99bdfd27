#include "pipeline/base/files/mapping_guard.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <string>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

// A table of fixed size, since a handler may take neither memory nor locks.
struct Region {
  std::atomic<bool> taken{false}, lost{false};
  std::atomic<uintptr_t> begin{0}, end{0};
};
std::array<Region, 256> regions;

struct sigaction before;
uintptr_t page_bytes;

// Passes the signal to the handler that was there before. Where that is the system's own, the
// faulting instruction runs again and ends the process.
void PassOn(int number, siginfo_t* info, void* context) {
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    before.sa_sigaction(number, info, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(number);
  } else {
    signal(SIGBUS, SIG_DFL);
    if (info->si_code <= 0) raise(SIGBUS);  // sent by kill: there is nothing to run again
  }
}

void OnBusError(int number, siginfo_t* info, void* context) {
  const int error = errno;
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  for (Region& region : regions) {
    if (info->si_code <= 0 || address < region.begin || address >= region.end) continue;
    void* page = static_cast<uint8_t*>(info->si_addr) - address % page_bytes;
    if (mmap(page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
        MAP_FAILED) {
      break;
    }
    region.lost = true;
    errno = error;
    return;
  }
  errno = error;
  PassOn(number, info, context);
}

void InstallHandler() {
  static std::once_flag once;
  std::call_once(once, [] {
    page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = OnBusError;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGBUS, &action, &before);
  });
}

size_t TakeRegion() {
  for (size_t i = 0; i < regions.size(); ++i) {
    if (!regions[i].taken.exchange(true)) return i;
  }
  throw DataError("more than " + std::to_string(regions.size()) + " files are mapped at once");
}

}  // namespace

MappingGuard::MappingGuard(const void* begin, size_t bytes) : region_(TakeRegion()) {
  InstallHandler();
  Region& region = regions[region_];
  region.lost = false;
  region.begin = reinterpret_cast<uintptr_t>(begin);
  region.end = region.begin + bytes;
}

MappingGuard::~MappingGuard() {
  Region& region = regions[region_];
  region.end = 0;
  region.begin = 0;
  region.taken = false;
}

const std::atomic<bool>& MappingGuard::lost() const { return regions[region_].lost; }

}  // namespace flowtrain
