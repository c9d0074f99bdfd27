// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel Random
// Numbers: As Easy as 1, 2, 3", SC 2011). A draw depends on its key and its place in the stream
// alone, never on the thread or the time, so a run repeats bit for bit whatever the worker counts.
#pragma once

#include <array>
#include <cstdint>

namespace flowtrain {

// Names a stream of random numbers: the same key gives the same stream on every machine.
struct RngKey {
  uint64_t seed = 0;     // train.seed
  uint64_t stream = 0;   // epoch, or another number that says which pass this is
  uint64_t id = 0;       // image id, or position
  uint32_t purpose = 0;  // what the draws are for: one of RngPurpose, plus the view for kView
};

// Keeps streams for different purposes apart. kView + v is view v's own stream.
enum RngPurpose : uint32_t {
  kShuffle = 1,
  kSubstitute = 2,
  kSampleSet = 3,
  kModelInit = 4,
  kTesting = 5,
  kView = 16,
};

// One Philox4x32-10 block.
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// A stream of draws under one key. Cheap to make (16 multiplications), not thread-safe, 64 bytes.
class Rng {
 public:
  explicit Rng(const RngKey& key);

  uint32_t NextUint32();
  uint64_t NextUint64();
  // Uniform in [0, 1), 24 random bits: every value is exact in float.
  float Uniform();
  // Uniform in [low, high).
  float Uniform(float low, float high) { return low + (high - low) * Uniform(); }
  // True with probability p.
  bool Bernoulli(float p) { return Uniform() < p; }
  // Uniform in [0, n), n >= 1, without modulo bias (Lemire's multiply-shift with rejection).
  uint64_t Below(uint64_t n);
  // Standard normal (Box-Muller).
  float Normal();

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  unsigned used_ = 4;  // words of block_ already given out
};

// A random bijection of [0, n) under a key: Permute(i) is the i-th element of the shuffled order,
// in O(1) time and memory (a Feistel network on the next even power of two, cycle-walking).
class Permutation {
 public:
  Permutation(uint64_t n, const RngKey& key);

  uint64_t size() const { return n_; }
  uint64_t operator()(uint64_t i) const;

 private:
  uint64_t n_;
  unsigned half_bits_;
  std::array<uint32_t, 2> key_;
};

}  // namespace flowtrain
