#include "nodes/stage/host_memory.h"

#include <cstdlib>
#include <new>

namespace flowtrain {
namespace {

constexpr size_t kPageBytes = 4096;

}  // namespace

std::shared_ptr<uint8_t> AllocateHostMemory(size_t bytes) {
  const size_t pages = (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  auto* data = static_cast<uint8_t*>(std::aligned_alloc(kPageBytes, pages));
  if (data == nullptr) throw std::bad_alloc();
  return {data, [](uint8_t* p) { std::free(p); }};
}

}  // namespace flowtrain
