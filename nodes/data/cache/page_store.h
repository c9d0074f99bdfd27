// Memory for many blocks of any size that come once and may go in any order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace flowtrain {

// Hands out blocks of whole pages, one after the other, from large mappings that ask for huge
// pages. The pages of a block that comes back go to the system at once; its addresses are not used
// again, so there is nothing to search and nothing fragments. That suits a cache whose entries
// enter once: all of them together need no more addresses than the decoded data set has bytes. Not
// thread-safe.
class PageStore {
 public:
  struct Block {
    uint8_t* data = nullptr;  // aligned to a page; null: the system has no more memory
    uint32_t mapping = 0;     // number of the mapping it is part of
  };

  explicit PageStore(bool huge_pages = true) : huge_pages_(huge_pages) {}
  ~PageStore();
  PageStore(const PageStore&) = delete;
  PageStore& operator=(const PageStore&) = delete;

  // The memory that a block of `bytes` takes.
  static size_t WholePages(size_t bytes) {
    return (bytes + kPageBytes - 1) / kPageBytes * kPageBytes;
  }

  Block Take(size_t bytes);
  // `bytes` as they were given to Take.
  void Give(const Block& block, size_t bytes);
  // Bytes of the blocks that are out.
  size_t held_bytes() const { return held_bytes_; }

 private:
  static constexpr size_t kPageBytes = 4096;
  struct Mapping {
    uint8_t* data = nullptr;  // null: all its blocks have come back
    size_t size = 0, used = 0, held = 0;
    bool has_holes = false;
  };

  bool AddMapping(size_t bytes);
  void Unmap(Mapping& mapping);

  const bool huge_pages_;
  std::vector<Mapping> mappings_;  // blocks are taken from the last
  size_t held_bytes_ = 0;
};

}  // namespace flowtrain
