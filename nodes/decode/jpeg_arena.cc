#include "nodes/decode/jpeg_arena.h"

#include <jerror.h>

#include <algorithm>
#include <new>
#include <utility>

namespace flowtrain {
namespace {

constexpr size_t kAlignment = 64;  // more than libjpeg's vector code asks for
constexpr size_t kBlockBytes = size_t{1} << 18;

size_t RoundUp(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

void JpegArena::Serve(jpeg_decompress_struct& info) {
  info.client_data = this;
  original_ = *info.mem;
  info.mem->alloc_small = [](j_common_ptr i, int pool, size_t bytes) {
    return pool == JPOOL_IMAGE ? Allocate(i, bytes) : Of(i).original_.alloc_small(i, pool, bytes);
  };
  info.mem->alloc_large = [](j_common_ptr i, int pool, size_t bytes) {
    return pool == JPOOL_IMAGE ? Allocate(i, bytes) : Of(i).original_.alloc_large(i, pool, bytes);
  };
  info.mem->alloc_sarray = [](j_common_ptr i, int pool, JDIMENSION samples, JDIMENSION rows) {
    if (pool != JPOOL_IMAGE) return Of(i).original_.alloc_sarray(i, pool, samples, rows);
    return AllocateRows<JSAMPROW>(i, samples * sizeof(JSAMPLE), rows);
  };
  info.mem->alloc_barray = [](j_common_ptr i, int pool, JDIMENSION blocks, JDIMENSION rows) {
    if (pool != JPOOL_IMAGE) return Of(i).original_.alloc_barray(i, pool, blocks, rows);
    return AllocateRows<JBLOCKROW>(i, blocks * sizeof(JBLOCK), rows);
  };
  // The virtual arrays of progressive files are left to the manager.
  info.mem->free_pool = [](j_common_ptr i, int pool) {
    JpegArena& arena = Of(i);
    arena.original_.free_pool(i, pool);
    if (pool == JPOOL_IMAGE) arena.block_ = arena.used_ = 0;
  };
}

// No exception may pass through libjpeg: running out of memory becomes an error of libjpeg's.
void* JpegArena::Allocate(j_common_ptr info, size_t bytes) {
  void* memory = nullptr;
  try {
    memory = Of(info).Take(bytes);
  } catch (const std::bad_alloc&) {
  }
  if (memory == nullptr) {
    info->err->msg_code = JERR_OUT_OF_MEMORY;
    info->err->error_exit(info);
  }
  return memory;
}

template <typename Row>
Row* JpegArena::AllocateRows(j_common_ptr info, size_t row_bytes, JDIMENSION rows) {
  // Vector code writes past the end of a row by less than its alignment.
  const size_t stride = RoundUp(row_bytes) + kAlignment;
  auto* pointers = static_cast<Row*>(Allocate(info, rows * sizeof(Row)));
  auto* bytes = static_cast<uint8_t*>(Allocate(info, rows * stride));
  for (JDIMENSION y = 0; y < rows; ++y) pointers[y] = reinterpret_cast<Row>(bytes + y * stride);
  return pointers;
}

void* JpegArena::Take(size_t bytes) {
  const size_t rounded = RoundUp(bytes);
  while (block_ < blocks_.size() && used_ + rounded > blocks_[block_].size) {
    ++block_;
    used_ = 0;
  }
  if (block_ == blocks_.size()) {
    const size_t size = std::max(rounded, kBlockBytes);
    blocks_.push_back({std::make_unique<uint8_t[]>(size + kAlignment), size});
    used_ = 0;
  }
  const Block& block = blocks_[block_];
  void* first = block.bytes.get();
  size_t room = block.size + kAlignment;
  std::align(kAlignment, block.size, first, room);
  return static_cast<uint8_t*>(first) + std::exchange(used_, used_ + rounded);
}

}  // namespace flowtrain
