#include "nodes/data/cache/page_store.h"

#include <sys/mman.h>

#include <algorithm>

namespace flowtrain {
namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;
constexpr size_t kMappingBytes = size_t{64} << 20;

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

}  // namespace

PageStore::~PageStore() {
  for (Mapping& mapping : mappings_) {
    if (mapping.data != nullptr) Unmap(mapping);
  }
}

PageStore::Block PageStore::Take(size_t bytes) {
  const size_t size = WholePages(bytes);
  const bool fits = !mappings_.empty() && mappings_.back().data != nullptr &&
                    mappings_.back().size - mappings_.back().used >= size;
  if (!fits && !AddMapping(size)) return {};
  Mapping& mapping = mappings_.back();
  const Block block{mapping.data + mapping.used, static_cast<uint32_t>(mappings_.size() - 1)};
  mapping.used += size;
  mapping.held += size;
  held_bytes_ += size;
  return block;
}

void PageStore::Give(const Block& block, size_t bytes) {
  const size_t size = WholePages(bytes);
  Mapping& mapping = mappings_[block.mapping];
  mapping.held -= size;
  held_bytes_ -= size;
  if (mapping.held == 0) {
    Unmap(mapping);
    return;
  }
  // Otherwise the kernel would fill the hole again to make a huge page of what is around it.
  if (huge_pages_ && !mapping.has_holes) madvise(mapping.data, mapping.size, MADV_NOHUGEPAGE);
  mapping.has_holes = true;
  madvise(block.data, size, MADV_DONTNEED);
}

bool PageStore::AddMapping(size_t bytes) {
  const size_t size = RoundUp(std::max(bytes, kMappingBytes), kHugePageBytes);
  // Mapped with room to spare, which is cut off, so that it begins where a huge page can.
  const size_t mapped = size + kHugePageBytes;
  void* at = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return false;
  auto* begin = static_cast<uint8_t*>(at);
  const size_t before = RoundUp(reinterpret_cast<uintptr_t>(begin), kHugePageBytes) -
                        reinterpret_cast<uintptr_t>(begin);
  if (before != 0) munmap(begin, before);
  if (before != kHugePageBytes) munmap(begin + before + size, kHugePageBytes - before);
  Mapping mapping;
  mapping.data = begin + before;
  mapping.size = size;
  if (huge_pages_) madvise(mapping.data, size, MADV_HUGEPAGE);
  mappings_.push_back(mapping);
  return true;
}

void PageStore::Unmap(Mapping& mapping) {
  munmap(mapping.data, mapping.size);
  mapping.data = nullptr;
}

}  // namespace flowtrain
