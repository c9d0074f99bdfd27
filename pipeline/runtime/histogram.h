// Counts durations.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace flowtrain {

// Counts durations in buckets of an eighth of an octave, from 1 ns to 9 minutes (longer ones count
// as 9 minutes): a quantile is off by less than 7 percent. Adding takes 1 ns; nothing is allocated.
// Not thread-safe.
class Histogram {
 public:
  void Add(uint64_t ns) {
    ++buckets_[Index(ns)];
    ++count_;
  }

  uint64_t count() const { return count_; }

  // The duration that a share `q` (0 to 1) of those counted does not exceed, as the middle of its
  // bucket; 0 where nothing was counted.
  double QuantileNs(double q) const {
    if (count_ == 0) return 0;
    const double rank = q * static_cast<double>(count_);
    uint64_t below = 0;
    for (size_t i = 0; i < kBuckets; ++i) {
      below += buckets_[i];
      if (buckets_[i] != 0 && static_cast<double>(below) >= rank) return (Low(i) + Low(i + 1)) / 2;
    }
    return Low(kBuckets);
  }

  // Subtracts what an earlier state of this histogram had counted.
  Histogram& operator-=(const Histogram& earlier) {
    for (size_t i = 0; i < kBuckets; ++i) buckets_[i] -= earlier.buckets_[i];
    count_ -= earlier.count_;
    return *this;
  }

  static constexpr int kSubBits = 3;  // 8 buckets per octave
  static constexpr size_t kOctaves = 37;
  static constexpr size_t kBuckets = kOctaves << kSubBits;

  uint64_t bucket(size_t index) const { return buckets_[index]; }
  // Where a bucket begins, ns.
  static double Low(size_t index) {
    if (index < (1U << kSubBits)) return static_cast<double>(index);
    const size_t octave = index >> kSubBits, sub = index & ((1U << kSubBits) - 1);
    return static_cast<double>(((1U << kSubBits) + sub)) *
           static_cast<double>(uint64_t{1} << (octave - 1));
  }

 private:
  static size_t Index(uint64_t ns) {
    if (ns < (1U << kSubBits)) return static_cast<size_t>(ns);
    const int shift = std::bit_width(ns) - 1 - kSubBits;
    const size_t index =
        (static_cast<size_t>(shift) << kSubBits) + static_cast<size_t>(ns >> shift);
    return std::min(index, kBuckets - 1);
  }

  std::array<uint64_t, kBuckets> buckets_{};
  uint64_t count_ = 0;
};

}  // namespace flowtrain
