#include "nodes/data/cache/decoded_cache.h"

#include <algorithm>
#include <cstring>

#include "nodes/data/dataset.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/memory_budget.h"
#include "pipeline/node/form.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

bool CachedImage::TryPin() {
  uint32_t state = state_.load(std::memory_order_relaxed);
  while ((state & (kFilled | kEvicted)) == kFilled) {
    if (state_.compare_exchange_weak(state, state + 1, std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

namespace {

// None at all is right where nothing is kept.
std::string CheckBudget(const std::string& budget) {
  if (budget.empty() || budget == "0") return {};
  try {
    ParseMemorySize(budget, uint64_t{1} << 40);
    return {};
  } catch (const ConfigError& error) {
    return error.what();
  }
}

}  // namespace

void DecodedCache::Declare(NodeSpec& spec) {
  using Self = DecodedCache;
  spec.Doc("Keeps decoded images in memory, so that later epochs need not decode them again.")
      .Uses("dataset", "ImageDataset")
      .Option(&Self::mode_, "mode", Mode::kNone,
              "none, memory (keep decoded images), packed (train from a packed file: the program "
              "makes it before the run, and nothing is kept here).",
              Choices<Mode>{
                  {{"none", Mode::kNone}, {"memory", Mode::kMemory}, {"packed", Mode::kPacked}}})
      .Option(&Self::budget_, "budget", "50%",
              "Memory for the images: like 4 GiB, or a share of what is available at the start.",
              Form{CheckBudget, "an amount or a share of memory"})
      .Option(
          &Self::max_side_, "max_side", 0,
          "Largest side that images are shrunk to before they are used, pixels; 0: whole images.",
          AtLeast{0})
      .Option(&Self::file_, "file", "",
              "packed: the file; empty: beside the data set, or in the user's cache folder.");
}

void DecodedCache::Open(const OpenContext& context) {
  const auto& dataset = context.Get<ImageDataset>("dataset");
  if (mode_ != Mode::kMemory) return;
  budget_name_ = context.NameOf("budget");
  const uint64_t available = AvailableMemory();
  uint64_t budget = ParseMemorySize(budget_, available);
  if (budget > available) {
    constexpr uint64_t kMebibyte = 1u << 20;
    LogWarning("the cache's budget of " + budget_ + " is more than the " +
               std::to_string(available / kMebibyte) +
               " MiB of memory that are available: it is lowered to half of them; lower " +
               budget_name_);
    budget = available / 2;
  }
  Open(dataset.size(), budget);
}

void DecodedCache::Open(uint64_t images, size_t budget_bytes, bool huge_pages) {
  size_ = images;
  budget_bytes_ = budget_bytes;
  images_ = std::make_unique<CachedImage[]>(images);
  store_ = std::make_unique<PageStore>(huge_pages);
  cutoff_.store(images, std::memory_order_relaxed);
}

void DecodedCache::Close() noexcept {
  cutoff_.store(0, std::memory_order_relaxed);
  images_.reset();
  store_.reset();
}

CacheHandle DecodedCache::Find(uint64_t id) const {
  if (!enabled()) return {};
  Tally& tally = tallies_[id % tallies_.size()];
  if (!images_[id].TryPin()) {
    tally.misses.fetch_add(1, std::memory_order_relaxed);
    return {};
  }
  tally.hits.fetch_add(1, std::memory_order_relaxed);
  return CacheHandle(&images_[id]);
}

void DecodedCache::Offer(uint64_t id, const RgbImage& offered, int32_t label) {
  if (!Wants(id) || !Claim(id, offered, label)) return;
  CachedImage& image = images_[id];
  std::memcpy(image.block_.data, offered.pixels.data(), offered.pixels.size());
  image.state_.fetch_or(CachedImage::kFilled, std::memory_order_release);
  image.Unpin();
}

// Allocates memory for the image and pins its place; from then on it counts as kept.
bool DecodedCache::Claim(uint64_t id, const RgbImage& offered, int32_t label) {
  const std::lock_guard lock(mutex_);
  const size_t bytes = PageStore::WholePages(offered.pixels.size());
  if (!Wants(id) || !MakeRoom(id, bytes)) return false;
  const PageStore::Block block = store_->Take(bytes);
  if (block.data == nullptr) {
    cutoff_.store(0, std::memory_order_relaxed);  // what is there stays, nothing more enters
    LogWarning("the system has no more memory for the cache of decoded images: it stays at " +
               std::to_string(kept_) + " images; lower " + budget_name_);
    return false;
  }
  CachedImage& image = images_[id];
  image.block_ = block;
  image.height_ = offered.height;
  image.width_ = offered.width;
  image.full_height_ = offered.full_height;
  image.full_width_ = offered.full_width;
  image.shrink_ = static_cast<uint8_t>(offered.shrink);
  image.levels_ = static_cast<uint8_t>(offered.levels);
  image.label_ = label;
  image.state_.store(1, std::memory_order_relaxed);
  ++kept_;
  kept_bytes_ += bytes;
  return true;
}

// While the images kept and this one together are over the budget, the largest of their ids cannot
// be among those that fit: it becomes the cutoff. False: the largest is this image's.
bool DecodedCache::MakeRoom(uint64_t id, size_t bytes) {
  uint64_t cutoff = cutoff_.load(std::memory_order_relaxed);
  while (kept_bytes_ + bytes > budget_bytes_) {
    do {
      --cutoff;
    } while (cutoff != id && images_[cutoff].state_.load(std::memory_order_relaxed) == 0);
    cutoff_.store(cutoff, std::memory_order_relaxed);
    if (cutoff == id) return false;
    Evict(images_[cutoff], cutoff);
  }
  return true;
}

void DecodedCache::Evict(CachedImage& image, uint64_t id) {
  image.state_.fetch_or(CachedImage::kEvicted, std::memory_order_relaxed);
  --kept_;
  ++evicted_;
  kept_bytes_ -= PageStore::WholePages(image.bytes());
  in_use_.push_back(id);
  FreeUnused();
}

void DecodedCache::FreeUnused() {
  const auto is_free = [&](uint64_t id) {
    CachedImage& image = images_[id];
    if ((image.state_.load(std::memory_order_acquire) & CachedImage::kPins) != 0) return false;
    store_->Give(image.block_, image.bytes());
    image.block_ = {};
    return true;
  };
  in_use_.erase(std::remove_if(in_use_.begin(), in_use_.end(), is_free), in_use_.end());
}

void DecodedCache::FreeEvicted() {
  const std::lock_guard lock(mutex_);
  FreeUnused();
}

CacheCounters DecodedCache::counters() const {
  CacheCounters counters;
  for (const Tally& tally : tallies_) {
    counters.hits += tally.hits.load(std::memory_order_relaxed);
    counters.misses += tally.misses.load(std::memory_order_relaxed);
  }
  const std::lock_guard lock(mutex_);
  counters.images = size_;
  counters.kept = kept_;
  counters.evicted = evicted_;
  counters.kept_bytes = kept_bytes_;
  counters.held_bytes = store_ ? store_->held_bytes() : 0;
  counters.budget_bytes = budget_bytes_;
  counters.complete = kept_ == cutoff_.load(std::memory_order_relaxed);
  return counters;
}

size_t DecodedCache::ceiling_bytes() const {
  return enabled() ? budget_bytes_ + size_ * sizeof(CachedImage) : 0;
}

FLOWTRAIN_REGISTER(DecodedCache);

}  // namespace flowtrain
