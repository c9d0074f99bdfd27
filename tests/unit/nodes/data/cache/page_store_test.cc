#include "nodes/data/cache/page_store.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <vector>

namespace flowtrain {
namespace {

constexpr size_t kPage = 4096;

size_t ResidentPages(const PageStore::Block& block, size_t bytes) {
  std::vector<unsigned char> pages(PageStore::WholePages(bytes) / kPage);
  EXPECT_EQ(mincore(block.data, bytes, pages.data()), 0);
  size_t resident = 0;
  for (const unsigned char page : pages) resident += page & 1u;
  return resident;
}

TEST(PageStore, GivesWholePagesThatDoNotOverlap) {
  PageStore store;
  std::vector<PageStore::Block> blocks;
  const std::vector<size_t> sizes = {1, kPage, kPage + 1, 27648, 70 << 20, 5};
  for (size_t i = 0; i < sizes.size(); ++i) {
    blocks.push_back(store.Take(sizes[i]));
    ASSERT_NE(blocks.back().data, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks.back().data) % kPage, 0u);
    std::memset(blocks[i].data, static_cast<int>(i + 1), sizes[i]);
  }
  size_t held = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    EXPECT_EQ(blocks[i].data[0], i + 1);
    EXPECT_EQ(blocks[i].data[sizes[i] - 1], i + 1);
    held += PageStore::WholePages(sizes[i]);
  }
  EXPECT_EQ(store.held_bytes(), held);
}

TEST(PageStore, WhatComesBackIsFreedAndItsNeighboursStay) {
  for (const bool huge_pages : {false, true}) {
    PageStore store(huge_pages);
    const size_t bytes = 3 << 20;
    const auto first = store.Take(bytes), second = store.Take(bytes), third = store.Take(bytes);
    for (const auto& block : {first, second, third}) std::memset(block.data, 9, bytes);
    EXPECT_EQ(ResidentPages(second, bytes), bytes / kPage);
    store.Give(second, bytes);
    EXPECT_EQ(ResidentPages(second, bytes), 0u);
    EXPECT_EQ(ResidentPages(first, bytes), bytes / kPage);
    EXPECT_EQ(ResidentPages(third, bytes), bytes / kPage);
    EXPECT_EQ(first.data[bytes - 1], 9);
    EXPECT_EQ(third.data[0], 9);
    EXPECT_EQ(store.held_bytes(), 2 * bytes);
    store.Give(first, bytes);
    store.Give(third, bytes);
    EXPECT_EQ(store.held_bytes(), 0u);
    const auto again = store.Take(bytes);  // the mapping is gone; another takes its place
    std::memset(again.data, 1, bytes);
  }
}

}  // namespace
}  // namespace flowtrain
