#include "pipeline/base/philox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace flowtrain {
namespace {

using Block = std::array<uint32_t, 4>;

// Random123's known answers (kat_vectors, philox4x32 10).
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(Philox4x32({0, 0, 0, 0}, {0, 0}),
            (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(Philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

std::vector<uint64_t> Words(const RngKey& key, int count = 8) {
  Rng rng(key);
  std::vector<uint64_t> words;
  for (int i = 0; i < count; ++i) words.push_back(rng.NextUint64());
  return words;
}

TEST(Rng, TheSameKeyGivesTheSameStream) {
  const RngKey key{.seed = 1, .stream = 2, .id = 3, .purpose = kShuffle};
  EXPECT_EQ(Words(key), Words(key));
}

TEST(Rng, AnyPartOfTheKeyMakesAnotherStream) {
  std::set<std::vector<uint64_t>> streams;
  int keys = 0;
  for (const uint64_t seed : {0ull, 1ull, 42ull, 1ull << 40}) {
    for (const uint64_t stream : {0ull, 1ull, 99ull}) {
      for (const uint64_t id : {0ull, 1ull, 7ull, 1ull << 32, (1ull << 32) + 1}) {
        for (const uint32_t purpose : {0u, 1u, 16u, 17u}) {
          streams.insert(Words({.seed = seed, .stream = stream, .id = id, .purpose = purpose}, 2));
          ++keys;
        }
      }
    }
  }
  EXPECT_EQ(streams.size(), static_cast<size_t>(keys));
}

TEST(Rng, StreamsOfNeighbouringKeysAreUnrelated) {
  // Bits in which two streams agree: half of them, within 5 standard deviations.
  const auto a = Words({.seed = 1, .stream = 0, .id = 10, .purpose = kView}, 1000);
  for (const RngKey& key : {RngKey{1, 0, 11, kView}, RngKey{1, 1, 10, kView},
                            RngKey{2, 0, 10, kView}, RngKey{1, 0, 10, kView + 1}}) {
    const auto b = Words(key, 1000);
    int same = 0;
    for (size_t i = 0; i < a.size(); ++i) same += __builtin_popcountll(~(a[i] ^ b[i]));
    EXPECT_NEAR(same, 32000, 5 * std::sqrt(64000 * 0.25));
  }
}

TEST(Rng, ALongStreamDoesNotRepeat) {
  Rng rng({.seed = 5});
  std::set<uint64_t> seen;
  for (int i = 0; i < 20000; ++i) seen.insert(rng.NextUint64());
  EXPECT_EQ(seen.size(), 20000U);
}

TEST(Rng, UniformIsUniform) {
  constexpr int kBins = 64, kDraws = 64000;
  Rng rng({.seed = 9});
  std::array<int, kBins> counts{};
  for (int i = 0; i < kDraws; ++i) {
    const float value = rng.Uniform();
    ASSERT_GE(value, 0.0f);
    ASSERT_LT(value, 1.0f);
    ++counts[static_cast<size_t>(value * kBins)];
  }
  double chi_square = 0;
  for (const int count : counts) chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(chi_square, 103.4);  // 63 degrees of freedom: once in a thousand
  EXPECT_GT(chi_square, 32.5);   // and not more even than chance
}

TEST(Rng, UniformOfARangeStaysInIt) {
  Rng rng({.seed = 9});
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    const float value = rng.Uniform(-2.0f, 6.0f);
    ASSERT_GE(value, -2.0f);
    ASSERT_LT(value, 6.0f);
    sum += static_cast<double>(value);
  }
  EXPECT_NEAR(sum / 10000, 2.0, 4 * 8 / std::sqrt(12.0 * 10000));
}

TEST(Rng, BernoulliHasItsProbability) {
  Rng rng({.seed = 4});
  int hits = 0;
  for (int i = 0; i < 10000; ++i) {
    hits += rng.Bernoulli(0.3f);
    ASSERT_FALSE(rng.Bernoulli(0.0f));
    ASSERT_TRUE(rng.Bernoulli(1.0f));
  }
  EXPECT_NEAR(hits, 3000, 4 * std::sqrt(10000 * 0.3 * 0.7));
}

TEST(Rng, BelowIsUnbiased) {
  Rng rng({.seed = 3});
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) ++counts.at(rng.Below(7));
  double chi_square = 0;
  for (const int count : counts) chi_square += (count - 10000.0) * (count - 10000.0) / 10000.0;
  EXPECT_LT(chi_square, 22.5);  // 6 degrees of freedom: once in a thousand

  // Of [0, 3 x 2^62) each third is as likely; a modulo would give the first third twice the rest.
  constexpr uint64_t kThird = uint64_t{1} << 62;
  std::array<int, 3> thirds{};
  for (int i = 0; i < 30000; ++i) ++thirds.at(rng.Below(3 * kThird) / kThird);
  for (const int count : thirds) EXPECT_NEAR(count, 10000, 4 * std::sqrt(30000 * 2.0 / 9));
}

TEST(Rng, BelowOneIsZero) {
  Rng rng({.seed = 3});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(rng.Below(1), 0U);
}

TEST(Rng, NormalHasTheMomentsOfANormal) {
  constexpr int kDraws = 100000;
  Rng rng({.seed = 8});
  double sum = 0, squares = 0, cubes = 0, fourths = 0;
  int within_one = 0;
  for (int i = 0; i < kDraws; ++i) {
    const auto x = static_cast<double>(rng.Normal());
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
    cubes += x * x * x;
    fourths += x * x * x * x;
    within_one += std::abs(x) < 1;
  }
  const double root = std::sqrt(static_cast<double>(kDraws));
  EXPECT_NEAR(sum / kDraws, 0, 4 / root);
  EXPECT_NEAR(squares / kDraws, 1, 4 * std::sqrt(2.0) / root);
  EXPECT_NEAR(cubes / kDraws, 0, 4 * std::sqrt(15.0) / root);
  EXPECT_NEAR(fourths / kDraws, 3, 4 * std::sqrt(96.0) / root);
  EXPECT_NEAR(within_one / static_cast<double>(kDraws), 0.6827, 0.006);
}

std::vector<uint64_t> Order(uint64_t n, const RngKey& key) {
  const Permutation permutation(n, key);
  std::vector<uint64_t> order;
  for (uint64_t i = 0; i < n; ++i) order.push_back(permutation(i));
  return order;
}

TEST(Permutation, IsABijection) {
  for (const uint64_t n : {1ull, 2ull, 3ull, 4ull, 5ull, 7ull, 15ull, 16ull, 17ull, 63ull, 64ull,
                           65ull, 100ull, 500ull, 1000ull, 4097ull, 105000ull}) {
    for (const uint64_t epoch : {0ull, 1ull, 2ull}) {
      std::vector<uint64_t> order = Order(n, {.seed = 42, .stream = epoch, .purpose = kShuffle});
      EXPECT_EQ(Permutation(n, {}).size(), n);
      std::sort(order.begin(), order.end());
      for (uint64_t i = 0; i < n; ++i) ASSERT_EQ(order[i], i) << n;
    }
  }
}

TEST(Permutation, OfAVeryLargeSetStaysInItWithoutRepeats) {
  for (const uint64_t n : {(1ull << 40) + 3, 1ull << 62, ~0ull}) {
    const Permutation permutation(n, {.seed = 1});
    std::set<uint64_t> seen;
    for (uint64_t i = 0; i < 2000; ++i) {
      const uint64_t to = permutation(n - 1 - i);
      ASSERT_LT(to, n);
      seen.insert(to);
    }
    EXPECT_EQ(seen.size(), 2000U);
  }
}

TEST(Permutation, DiffersFromKeyToKeyAndFromTheIdentity) {
  const auto order = [](uint64_t seed, uint64_t epoch) {
    return Order(100, {.seed = seed, .stream = epoch, .purpose = kShuffle});
  };
  const auto first = order(42, 0);
  EXPECT_EQ(order(42, 0), first);
  EXPECT_NE(order(42, 1), first);
  EXPECT_NE(order(43, 0), first);
  EXPECT_FALSE(std::is_sorted(first.begin(), first.end()));
}

// Every element comes to every place about as often, over many keys: tens of elements to tens of
// places.
TEST(Permutation, ShufflesEvenly) {
  constexpr int kKeys = 1000, kSize = 100, kBins = 10;
  std::array<std::array<int, kBins>, kBins> counts{};
  for (uint64_t key = 0; key < kKeys; ++key) {
    const Permutation permutation(kSize, {.seed = 1, .stream = key, .purpose = kShuffle});
    for (uint64_t i = 0; i < kSize; ++i) ++counts[i / kBins].at(permutation(i) / kBins);
  }
  double chi_square = 0;
  for (const auto& row : counts) {
    for (const int count : row) chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  }
  EXPECT_LT(chi_square, 125.9);  // 81 degrees of freedom: once in a thousand
}

}  // namespace
}  // namespace flowtrain
