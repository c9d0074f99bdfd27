// Decoded images in memory, so that later epochs need not read and decode them again.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nodes/data/cache/page_store.h"
#include "nodes/image/image_levels.h"
#include "nodes/image/image_sample.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// A place of the cache: one for each image of the data set, as long as the cache is open. It is
// empty, then holds its image, and is evicted at most once, after which it stays empty.
class CachedImage {
 public:
  // Packed RGB: all the levels there are, one after the other.
  Pixels pixels() const {
    return {.pixels = {block_.data, bytes()},
            .height = height_,
            .width = width_,
            .full_height = full_height_,
            .full_width = full_width_,
            .shrink = shrink_,
            .levels = levels_};
  }
  int32_t label() const { return label_; }  // class, -1 where there is none

 private:
  friend class DecodedCache;
  friend class CacheHandle;
  // Bits of state_; those below them count the pins.
  static constexpr uint32_t kFilled = 1u << 30, kEvicted = 1u << 31, kPins = kFilled - 1;

  size_t bytes() const { return LevelBytes(height_, width_, levels_); }
  bool TryPin();
  void Unpin() { state_.fetch_sub(1, std::memory_order_release); }

  PageStore::Block block_;
  int height_ = 0, width_ = 0, full_height_ = 0, full_width_ = 0;
  int32_t label_ = -1;
  uint8_t shrink_ = 1, levels_ = 1;
  std::atomic<uint32_t> state_{0};
};

// Holds an image of the cache in memory, evicted or not, until it is reset or destroyed. It must
// not outlive the cache's Close.
class CacheHandle {
 public:
  CacheHandle() = default;
  CacheHandle(CacheHandle&& other) noexcept : image_(std::exchange(other.image_, nullptr)) {}
  CacheHandle& operator=(CacheHandle&& other) noexcept {
    if (this != &other) {
      Reset();
      image_ = std::exchange(other.image_, nullptr);
    }
    return *this;
  }
  ~CacheHandle() { Reset(); }

  void Reset() {
    if (image_ != nullptr) std::exchange(image_, nullptr)->Unpin();
  }
  // The same for a sample to carry.
  Hold ToHold() && {
    return {std::exchange(image_, nullptr),
            [](void* image) noexcept { static_cast<CachedImage*>(image)->Unpin(); }};
  }
  explicit operator bool() const { return image_ != nullptr; }
  const CachedImage* operator->() const { return image_; }
  const CachedImage* get() const { return image_; }

 private:
  friend class DecodedCache;
  explicit CacheHandle(CachedImage* image) : image_(image) {}

  CachedImage* image_ = nullptr;
};

// The figures of a cache.
struct CacheCounters {
  uint64_t images = 0;  // of the data set
  uint64_t hits = 0, misses = 0;
  uint64_t kept = 0, evicted = 0;  // images
  size_t kept_bytes = 0;           // of the images kept, in whole pages
  size_t held_bytes = 0;           // these, and evicted ones that were in use when last checked
  size_t budget_bytes = 0;
  bool complete = false;  // every image that fits is there
};

// Keeps the images with the smallest ids, as many as fit the budget: those whose id is below a
// cutoff, which goes down when the budget is full. Which these are does not depend on the order of
// offers: once all images have been offered, they are the longest run of ids from 0 on that fits.
//
// A look-up takes no lock and no memory: it pins the image's own place. Offers share a lock, but
// not for the copy of the pixels.
//
// Threads  Find, Wants and Offer from any number; Open and Close from one.
// Memory   the budget, 48 bytes per image of the data set, and the evicted images that are in use.
//
// Example:
//   cache: {type: DecodedCache, options: {mode: memory, budget: 4 GiB, max_side: 256}}
class DecodedCache final : public Resource {
 public:
  static void Declare(NodeSpec& spec);
  ~DecodedCache() override { Close(); }
  void Open(const OpenContext& context) override;
  // The same without a graph: keeps images 0 … images - 1 in at most `budget_bytes`.
  void Open(uint64_t images, size_t budget_bytes, bool huge_pages = true);
  // Every handle must be gone.
  void Close() noexcept override;

  // Whether images are kept at all. Where not, the calls below do nothing.
  bool enabled() const { return images_ != nullptr; }
  // The largest side, in pixels, to which images must be shrunk (ImageShrinker) before they are
  // used or offered, whether or not they are then kept: otherwise what is trained on would depend
  // on what the cache holds. 0: they stay whole.
  int max_side() const { return enabled() ? max_side_ : 0; }

  // The image of that id, pinned; an empty handle where it is not kept. Counts a hit or a miss.
  CacheHandle Find(uint64_t id) const;
  // Whether an offer would be of use. Only a hint while others make offers.
  bool Wants(uint64_t id) const {
    return id < cutoff_.load(std::memory_order_relaxed) &&
           images_[id].state_.load(std::memory_order_relaxed) == 0;
  }
  // Keeps a copy of a whole image (not of a part) with all its levels, unless it is there already
  // or does not fit.
  void Offer(uint64_t id, const RgbImage& offered, int32_t label = -1);

  // Frees evicted images that are no longer in use.
  void FreeEvicted();
  CacheCounters counters() const;
  // The most memory that it takes, not counting evicted images in use.
  size_t ceiling_bytes() const;

 private:
  struct alignas(64) Tally {
    std::atomic<uint64_t> hits{0}, misses{0};
  };

  bool MakeRoom(uint64_t id, size_t bytes);
  void Evict(CachedImage& image, uint64_t id);
  void FreeUnused();
  bool Claim(uint64_t id, const RgbImage& offered, int32_t label);

  enum class Mode : uint8_t { kNone, kMemory, kPacked };

  Mode mode_ = Mode::kNone;  // options
  std::string budget_, file_;
  int max_side_ = 0;

  std::string budget_name_ = "budget";  // in messages

  uint64_t size_ = 0;
  size_t budget_bytes_ = 0;
  std::unique_ptr<CachedImage[]> images_;
  alignas(64) std::atomic<uint64_t> cutoff_{0};  // images from this id on stay out
  mutable std::array<Tally, 16> tallies_;        // by id, so that workers do not share a line

  // All that follows is guarded by mutex_.
  alignas(64) mutable std::mutex mutex_;
  std::unique_ptr<PageStore> store_;
  std::vector<uint64_t> in_use_;  // evicted, but pinned when last checked
  uint64_t kept_ = 0, evicted_ = 0;
  size_t kept_bytes_ = 0;
};

}  // namespace flowtrain
