#include "pipeline/base/philox.h"

#include <cmath>
#include <numbers>

namespace flowtrain {
namespace {

constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;
// Four are enough for large sets; small ones, whose halves are a few bits, are uneven below ten.
constexpr uint32_t kFeistelRounds = 10;

__extension__ using Uint128 = unsigned __int128;

uint64_t Mix(uint64_t x) {  // SplitMix64's finaliser: spreads every bit over the word
  x ^= x >> 30;
  x *= 0xBF58476D1CE4E5B9u;
  x ^= x >> 27;
  x *= 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// Philox has 64 key bits and 128 counter bits, of which a stream needs 32 for its own progress.
// Seed and purpose go to the key, stream and id to the counter, so no two (stream, id) of a seed
// ever collide while both stay below 2^32 and 2^64.
std::array<uint32_t, 2> FoldKey(const RngKey& key) {
  const uint64_t folded = Mix(key.seed + 0x9E3779B97F4A7C15u * (key.purpose + 1ull));
  return {static_cast<uint32_t>(folded), static_cast<uint32_t>(folded >> 32)};
}

}  // namespace

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t product0 = uint64_t{kMultiplier0} * counter[0];
    const uint64_t product1 = uint64_t{kMultiplier1} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

Rng::Rng(const RngKey& key)
    : key_(FoldKey(key)),
      counter_{0, static_cast<uint32_t>(key.stream), static_cast<uint32_t>(key.id),
               static_cast<uint32_t>(key.id >> 32)} {}

uint32_t Rng::NextUint32() {
  if (used_ == block_.size()) {
    block_ = Philox4x32(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[used_++];
}

uint64_t Rng::NextUint64() {
  const uint64_t low = NextUint32();
  return low | (uint64_t{NextUint32()} << 32);
}

float Rng::Uniform() { return static_cast<float>(NextUint32() >> 8) * 0x1p-24f; }

uint64_t Rng::Below(uint64_t n) {
  for (;;) {
    const auto product = static_cast<Uint128>(NextUint64()) * n;
    const auto low = static_cast<uint64_t>(product);
    if (low >= n || low >= (0 - n) % n) return static_cast<uint64_t>(product >> 64);
  }
}

float Rng::Normal() {
  const float radius = std::sqrt(-2.0f * std::log(1.0f - Uniform()));
  return radius * std::cos(2.0f * std::numbers::pi_v<float> * Uniform());
}

Permutation::Permutation(uint64_t n, const RngKey& key) : n_(n), half_bits_(1) {
  while (half_bits_ < 32 && (uint64_t{1} << (2 * half_bits_)) < n) ++half_bits_;
  Rng rng(key);
  key_ = {rng.NextUint32(), rng.NextUint32()};
}

uint64_t Permutation::operator()(uint64_t i) const {
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  do {  // cycle-walking: the domain is at most four times n, so this takes few rounds
    uint64_t left = i >> half_bits_, right = i & mask;
    for (uint32_t round = 0; round < kFeistelRounds; ++round) {
      const auto mixed = Philox4x32({static_cast<uint32_t>(right), round, 0, 0}, key_)[0];
      const uint64_t next = left ^ (mixed & mask);
      left = right;
      right = next;
    }
    i = (left << half_bits_) | right;
  } while (i >= n_);
  return i;
}

}  // namespace flowtrain
