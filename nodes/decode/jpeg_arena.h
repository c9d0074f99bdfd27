// The memory of a JPEG decompressor, kept from image to image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

// jpeglib.h needs size_t and FILE declared before it.
#include <jpeglib.h>

namespace flowtrain {

// libjpeg frees what an image took when it is done with it, and allocates it again for the next: a
// dozen calls of malloc per image, on every worker. Serve answers those from blocks that are kept.
class JpegArena {
 public:
  // Puts itself before the memory manager of a decompressor that has just been created, and must
  // outlive it. It takes the decompressor's client_data.
  void Serve(jpeg_decompress_struct& info);

 private:
  struct Block {
    std::unique_ptr<uint8_t[]> bytes;
    size_t size;
  };

  static JpegArena& Of(j_common_ptr info) { return *static_cast<JpegArena*>(info->client_data); }
  static void* Allocate(j_common_ptr info, size_t bytes);
  template <typename Row>
  static Row* AllocateRows(j_common_ptr info, size_t row_bytes, JDIMENSION rows);
  void* Take(size_t bytes);

  jpeg_memory_mgr original_{};
  std::vector<Block> blocks_;
  size_t block_ = 0, used_ = 0;  // where the next bytes come from
};

}  // namespace flowtrain
