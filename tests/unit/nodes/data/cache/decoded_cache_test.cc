#include "nodes/data/cache/decoded_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "nodes/data/dataset.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"
#include "tests/support/components.h"
#include "tests/support/errors.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;

const size_t kWholePage = PageStore::WholePages(1);

struct Image {
  int height, width;
  std::vector<uint8_t> pixels;
};

// Images of many sizes; the pixels tell the id.
std::vector<Image> MakeImages(uint64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Image> images;
  for (uint64_t id = 0; id < count; ++id) {
    Image image{1 + static_cast<int>(random() % 70), 1 + static_cast<int>(random() % 70), {}};
    image.pixels.assign(static_cast<size_t>(image.height * image.width * 3),
                        static_cast<uint8_t>(1 + id * 37 % 255));
    images.push_back(std::move(image));
  }
  return images;
}

void Offer(DecodedCache& cache, uint64_t id, const Image& image) {
  RgbImage offered;
  std::ranges::copy(image.pixels, offered.Resize(image.height, image.width).begin());
  cache.Offer(id, offered, static_cast<int32_t>(id % 10));
}

bool Holds(const DecodedCache& cache, uint64_t id, const Image& image) {
  const CacheHandle found = cache.Find(id);
  if (!found || found->label() != static_cast<int32_t>(id % 10)) return false;
  const Pixels kept = found->pixels();
  return kept.height == image.height && kept.width == image.width &&
         std::ranges::equal(image.pixels, kept.pixels);
}

// How many images from 0 on fit.
uint64_t Fitting(const std::vector<Image>& images, size_t budget) {
  size_t sum = 0;
  for (uint64_t id = 0; id < images.size(); ++id) {
    sum += (images[id].pixels.size() + kWholePage - 1) / kWholePage * kWholePage;
    if (sum > budget) return id;
  }
  return images.size();
}

void ExpectKept(const DecodedCache& cache, const std::vector<Image>& images, uint64_t kept) {
  for (uint64_t id = 0; id < images.size(); ++id) {
    EXPECT_EQ(Holds(cache, id, images[id]), id < kept) << id;
    EXPECT_FALSE(cache.Wants(id)) << id;
  }
  const CacheCounters counters = cache.counters();
  EXPECT_EQ(counters.kept, kept);
  EXPECT_TRUE(counters.complete);
  EXPECT_LE(counters.kept_bytes, counters.budget_bytes);
}

TEST(DecodedCache, FindsWhatWasOfferedAndCountsHitsAndMisses) {
  const std::vector<Image> images = MakeImages(3, 1);
  DecodedCache cache;
  cache.Open(3, 1 << 20);
  EXPECT_TRUE(cache.Wants(1));
  EXPECT_FALSE(cache.Find(1));
  Offer(cache, 1, images[1]);
  EXPECT_FALSE(cache.Wants(1));
  EXPECT_TRUE(Holds(cache, 1, images[1]));
  EXPECT_TRUE(Holds(cache, 1, images[1]));
  const CacheCounters counters = cache.counters();
  EXPECT_EQ(counters.hits, 2u);
  EXPECT_EQ(counters.misses, 1u);
  EXPECT_EQ(counters.kept, 1u);
  EXPECT_FALSE(counters.complete);
}

TEST(DecodedCache, KeepsAllLevelsWithinTheBudget) {
  RgbImage image;
  std::ranges::fill(image.Resize(400, 300), uint8_t{7});
  MakeLevels({1, 3}, image);
  DecodedCache cache;
  cache.Open(2, 30 * kWholePage);
  cache.Offer(0, image, 3);
  const CacheHandle found = cache.Find(0);
  ASSERT_TRUE(found);
  const Pixels kept = found->pixels();
  EXPECT_EQ(kept.height, 200);
  EXPECT_EQ(kept.width, 150);
  EXPECT_EQ(kept.full_height, 400);
  EXPECT_EQ(kept.full_width, 300);
  EXPECT_EQ(kept.shrink, 2);
  EXPECT_EQ(kept.levels, 3);
  EXPECT_EQ(kept.pixels.size(), 3u * (200 * 150 + 100 * 75 + 50 * 38));
  EXPECT_EQ(cache.counters().kept_bytes, 29 * kWholePage);
  cache.Offer(1, image);
  EXPECT_FALSE(cache.Find(1)) << "no room";
}

TEST(DecodedCache, KeepsTheSameImagesWhateverTheOrderOfOffers) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    const std::vector<Image> images = MakeImages(1 + random() % 150, seed);
    const size_t budget = random() % (images.size() * 12000);
    std::vector<uint64_t> order(images.size());
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    DecodedCache cache;
    cache.Open(images.size(), budget);
    for (const uint64_t id : order) {
      Offer(cache, id, images[id]);
      ASSERT_LE(cache.counters().held_bytes, budget);
    }
    SCOPED_TRACE("seed " + std::to_string(seed));
    ExpectKept(cache, images, Fitting(images, budget));
  }
}

// More threads than cores, each with all images in an order of its own, holding some while others
// evict them.
TEST(DecodedCache, KeepsTheSameImagesWhateverTheThreads) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    const std::vector<Image> images = MakeImages(300, seed);
    const size_t budget = size_t{100000} * (seed + 1);
    DecodedCache cache;
    cache.Open(images.size(), budget);
    const auto work = [&](unsigned number) {
      std::mt19937 random(seed * 100 + number);
      std::vector<uint64_t> order(images.size());
      std::iota(order.begin(), order.end(), 0);
      std::shuffle(order.begin(), order.end(), random);
      std::vector<CacheHandle> held(8);
      for (const uint64_t id : order) {
        CacheHandle& slot = held[random() % held.size()];
        slot = cache.Find(id);
        if (!slot) Offer(cache, id, images[id]);
        for (const CacheHandle& handle : held) {
          if (!handle) continue;
          const auto pixels = handle->pixels().pixels;
          ASSERT_EQ(std::count(pixels.begin(), pixels.end(), pixels[0]),
                    static_cast<ptrdiff_t>(pixels.size()));
          ASSERT_NE(pixels[0], 0) << "freed while it was in use";
        }
      }
    };
    std::vector<std::thread> threads;
    for (unsigned number = 0; number < 6; ++number) threads.emplace_back(work, number);
    for (std::thread& thread : threads) thread.join();
    ExpectKept(cache, images, Fitting(images, budget));
    cache.FreeEvicted();
    EXPECT_EQ(cache.counters().held_bytes, cache.counters().kept_bytes);
  }
}

TEST(DecodedCache, AnEvictedImageStaysInMemoryWhileItIsHeld) {
  const Image image{32, 32, std::vector<uint8_t>(3072, 7)};
  DecodedCache cache;
  cache.Open(3, 2 * kWholePage);
  Offer(cache, 1, image);
  Offer(cache, 2, image);
  CacheHandle held = cache.Find(2);
  ASSERT_TRUE(held);
  Offer(cache, 0, image);
  EXPECT_FALSE(cache.Find(2)) << "evicted";
  EXPECT_FALSE(cache.Wants(2)) << "for good";
  EXPECT_EQ(cache.counters().held_bytes, 3 * kWholePage);
  cache.FreeEvicted();
  EXPECT_TRUE(std::ranges::equal(image.pixels, held->pixels().pixels));
  CacheHandle moved = std::move(held);
  cache.FreeEvicted();
  EXPECT_EQ(cache.counters().held_bytes, 3 * kWholePage);
  moved.Reset();
  cache.FreeEvicted();
  EXPECT_EQ(cache.counters().held_bytes, 2 * kWholePage);
  EXPECT_EQ(cache.counters().evicted, 1u);
}

TEST(DecodedCache, AnImageLargerThanTheBudgetEndsTheRunOfThoseKept) {
  const Image small{1, 1, {1, 2, 3}}, large{100, 100, std::vector<uint8_t>(30000, 1)};
  DecodedCache cache;
  cache.Open(4, 3 * kWholePage);
  Offer(cache, 3, small);
  Offer(cache, 1, large);
  Offer(cache, 0, small);
  Offer(cache, 2, small);
  EXPECT_TRUE(cache.Find(0));
  for (const uint64_t id : {1, 2, 3}) EXPECT_FALSE(cache.Find(id)) << id;
}

TEST(DecodedCache, IsOffByDefault) {
  ImageDataset dataset;
  Bind(dataset, {{"kind", "sample"}, {"sample_images", "10"}});
  dataset.Open(TestContext());
  for (const char* mode : {"none", "packed"}) {
    DecodedCache cache;
    Bind(cache, {{"mode", mode}, {"max_side", "64"}});
    cache.Open(TestContext({{"dataset", &dataset}}));
    EXPECT_FALSE(cache.enabled());
    EXPECT_FALSE(cache.Wants(0));
    EXPECT_FALSE(cache.Find(0));
    Offer(cache, 0, {1, 1, {0, 0, 0}});
    EXPECT_EQ(cache.counters().kept, 0u);
    EXPECT_EQ(cache.ceiling_bytes(), 0u);
    EXPECT_EQ(cache.max_side(), 0) << "nothing is shrunk for a cache that is off";
  }
}

TEST(DecodedCache, OpensAsTheGraphSays) {
  EXPECT_NE(Registry::Global().Find("DecodedCache"), nullptr);
  ImageDataset dataset;
  Bind(dataset, {{"kind", "sample"}, {"sample_images", "10"}});
  dataset.Open(TestContext());
  DecodedCache cache;
  Bind(cache, {{"mode", "memory"}, {"budget", "8 MiB"}, {"max_side", "64"}});
  cache.Open(TestContext({{"dataset", &dataset}}));
  EXPECT_TRUE(cache.Wants(9));
  EXPECT_FALSE(cache.Wants(10));
  EXPECT_EQ(cache.max_side(), 64);
  EXPECT_GE(cache.ceiling_bytes(), size_t{8} << 20);

  DecodedCache wrong;
  EXPECT_THAT(MessageOf<ConfigError>([&] {
                Bind(wrong, {{"mode", "memory"}, {"budget", "a lot"}});
              }),
              HasSubstr("'a lot' is not an amount of memory"));
}

TEST(DecodedCache, ABudgetBeyondTheMemoryThereIsIsLowered) {
  ImageDataset dataset;
  Bind(dataset, {{"kind", "sample"}, {"sample_images", "10"}});
  dataset.Open(TestContext());
  DecodedCache cache;
  Bind(cache, {{"mode", "memory"}, {"budget", "900 TiB"}});
  cache.Open(TestContext({{"dataset", &dataset}}));
  EXPECT_LT(cache.ceiling_bytes(), size_t{900} << 40);
}

}  // namespace
}  // namespace flowtrain
