#include "pipeline/base/buffer_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace flowtrain {
namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;  // of x86-64, and of most kernels on ARM64

}  // namespace

std::shared_ptr<uint8_t> AllocateHostMemory(size_t bytes) {
  const size_t pages = (bytes + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  auto* data = static_cast<uint8_t*>(std::aligned_alloc(kHugePageBytes, pages));
  if (data == nullptr) throw std::bad_alloc();
  madvise(data, pages, MADV_HUGEPAGE);  // only a hint: small pages work too
  return {data, [](uint8_t* p) { std::free(p); }};
}

}  // namespace flowtrain
