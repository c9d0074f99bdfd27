#include "tests/support/accelerator/memory.h"

#include <c10/util/Exception.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

#include "tests/support/accelerator/state.h"
#include "tests/support/accelerator/streams.h"

namespace flowtrain::accelerator {
namespace {

constexpr size_t kSpan = size_t{16} << 30, kRounding = 512;
constexpr int kPoison = 0xff;  // NaN in every format

// Two mappings of the same pages: the one that tensors have cannot be touched.
class Pages {
 public:
  Pages() {
    file_ = memfd_create("test accelerator", MFD_CLOEXEC);
    TORCH_CHECK(file_ >= 0 && ftruncate(file_, static_cast<off_t>(kSpan)) == 0, "no memory file");
    device_ = Map(PROT_NONE);
    shadow_ = Map(PROT_READ | PROT_WRITE);
  }
  char* device() const { return device_; }
  char* shadow() const { return shadow_; }
  bool Has(const void* address) const {
    const auto* p = static_cast<const char*>(address);
    return p >= device_ && p < device_ + kSpan;
  }
  void GiveBack(size_t offset, size_t bytes) const {
    fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
              static_cast<off_t>(bytes));
  }

 private:
  char* Map(int protection) const {
    void* map = mmap(nullptr, kSpan, protection, MAP_SHARED | MAP_NORESERVE, file_, 0);
    TORCH_CHECK(map != MAP_FAILED, "no addresses for the accelerator's memory");
    return static_cast<char*>(map);
  }
  int file_ = -1;
  char *device_ = nullptr, *shadow_ = nullptr;
};

[[noreturn]] void ThrowShortage(Shortage shortage, const std::string& what) {
  switch (shortage) {
    case Shortage::kOutOfMemoryError:
      TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory. ", what);
    case Shortage::kAcceleratorError:
      throw c10::AcceleratorError({__func__, __FILE__, __LINE__}, 2, "CUDA error: out of memory");
    case Shortage::kCudnnNoEngine:
      TORCH_CHECK(false, "GET was unable to find an engine to execute this computation");
    case Shortage::kCudnnAllocFailed:
      TORCH_CHECK(false, "cuDNN error: CUDNN_STATUS_ALLOC_FAILED");
    case Shortage::kCublasAllocFailed:
      TORCH_CHECK(false,
                  "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`");
  }
  TORCH_CHECK(false, "a shortage without a name");
}

void FailIfTold() {
  State& state = TheState();
  Shortage shortage{};
  {
    const std::lock_guard lock(state.mutex);
    const int64_t number = ++state.allocations, at = state.failing_allocation;
    if (at == 0 || number < at || (number > at && !state.fails_forever)) return;
    shortage = state.shortage;
  }
  ThrowShortage(shortage, "The test wanted it so.");
}

// As CUDA does: page-locked memory belongs to any device that has begun, else to the current one.
void NeedAnyContext() {
  {
    State& state = TheState();
    const std::lock_guard lock(state.mutex);
    if (state.counts.context[0] || state.counts.context[1]) return;
  }
  NeedContext(CurrentDevice());
}

size_t Limit() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return static_cast<size_t>(static_cast<double>(state.settings.capacity_bytes) *
                             state.settings.fraction);
}

struct MemoryBlock {
  size_t offset = 0, bytes = 0;
  c10::StreamId stream = 0;        // for which it was made
  std::set<c10::StreamId> others;  // that were recorded since it was taken
};

using Marks = std::vector<std::shared_ptr<Event>>;

Marks MarkAll(c10::DeviceIndex device, const std::set<c10::StreamId>& streams) {
  Marks marks;
  for (const c10::StreamId id : streams) {
    marks.push_back(std::make_shared<Event>());
    Record(marks.back(), StreamOf(device, id));
  }
  return marks;
}

bool AllDone(const Marks& marks) {
  return std::all_of(marks.begin(), marks.end(), [](const auto& mark) { return mark->Done(); });
}

class Heap {
 public:
  explicit Heap(c10::DeviceIndex device) : device_(device) { free_[0] = kSpan; }

  c10::DeviceIndex device() const { return device_; }
  const Pages& pages() const { return pages_; }

  void* Take(size_t wanted) {
    const size_t bytes = (wanted + kRounding - 1) / kRounding * kRounding;
    const c10::Stream stream = CurrentStream(device_);
    MemoryBlock block;
    {
      const std::lock_guard lock(mutex_);
      block = Find(bytes, stream.id());
      Add(stats_.allocated_bytes, static_cast<int64_t>(block.bytes));
      Add(stats_.allocation, 1);
      taken_[block.offset] = block;
    }
    char* shadow = pages_.shadow() + block.offset;
    Post(stream, Work::kMark, [shadow, n = block.bytes] { std::memset(shadow, kPoison, n); });
    return pages_.device() + block.offset;
  }

  void GiveBack(void* address) {
    const std::lock_guard lock(mutex_);
    const auto found = taken_.find(OffsetOf(address));
    MemoryBlock block = std::move(found->second);
    taken_.erase(found);
    Add(stats_.allocated_bytes, -static_cast<int64_t>(block.bytes));
    Add(stats_.allocation, -1);
    if (block.others.empty()) {
      cached_.push_back(std::move(block));
    } else {
      Marks marks = MarkAll(device_, block.others);
      block.others.clear();
      leaving_.push_back({std::move(block), std::move(marks)});
    }
  }

  void RecordStream(const void* address, c10::StreamId stream) {
    const std::lock_guard lock(mutex_);
    const auto found = taken_.find(OffsetOf(address));
    if (found != taken_.end() && stream != found->second.stream)
      found->second.others.insert(stream);
  }

  void EmptyCache() {
    WaitForDevice(device_);
    const std::lock_guard lock(mutex_);
    DropCached();
  }

  c10::CachingDeviceAllocator::DeviceStats stats() {
    const std::lock_guard lock(mutex_);
    return stats_;
  }
  void ResetPeaks() {
    const std::lock_guard lock(mutex_);
    for (auto* stats : {&stats_.allocated_bytes, &stats_.reserved_bytes, &stats_.allocation})
      (*stats)[0].peak = (*stats)[0].current;
  }
  size_t Reserved() const {
    return reserved_;
  }  // takes no lock: streams ask while others wait for them

 private:
  struct Leaving {
    MemoryBlock block;
    Marks marks;
  };

  static void Add(c10::CachingAllocator::StatArray& stats, int64_t amount) {
    if (amount > 0) {
      stats[0].increase(static_cast<size_t>(amount));
    } else {
      stats[0].decrease(static_cast<size_t>(-amount));
    }
  }
  size_t OffsetOf(const void* address) const {
    return static_cast<size_t>(static_cast<const char*>(address) - pages_.device());
  }

  MemoryBlock Find(size_t bytes, c10::StreamId stream) {
    CollectLeft();
    // The smallest that fits, unless too much of it would be wasted.
    auto best = cached_.end();
    for (auto each = cached_.begin(); each != cached_.end(); ++each) {
      if (each->stream != stream || each->bytes < bytes || each->bytes > bytes + bytes / 4)
        continue;
      if (best == cached_.end() || each->bytes < best->bytes) best = each;
    }
    if (best != cached_.end()) {
      MemoryBlock block = std::move(*best);
      cached_.erase(best);
      return block;
    }
    if (!HasRoom(bytes)) {
      ++stats_.num_alloc_retries;
      WaitForDevice(device_);
      DropCached();
    }
    if (!HasRoom(bytes)) {
      ++stats_.num_ooms;
      ThrowShortage(Shortage::kOutOfMemoryError, "Tried to allocate " + std::to_string(bytes));
    }
    Add(stats_.reserved_bytes, static_cast<int64_t>(bytes));
    reserved_ += bytes;
    MemoryBlock block;
    block.offset = Cut(bytes);
    block.bytes = bytes;
    block.stream = stream;
    return block;
  }
  bool HasRoom(size_t bytes) const {
    return static_cast<size_t>(stats_.reserved_bytes[0].current) + bytes <= Limit();
  }
  void CollectLeft() {
    for (auto each = leaving_.begin(); each != leaving_.end();) {
      if (!AllDone(each->marks)) {
        ++each;
        continue;
      }
      cached_.push_back(std::move(each->block));
      each = leaving_.erase(each);
    }
  }
  void DropCached() {
    CollectLeft();
    for (const MemoryBlock& block : cached_) {
      Add(stats_.reserved_bytes, -static_cast<int64_t>(block.bytes));
      reserved_ -= block.bytes;
      pages_.GiveBack(block.offset, block.bytes);
      Join(block.offset, block.bytes);
    }
    cached_.clear();
  }

  // Addresses: the lowest that fit.
  size_t Cut(size_t bytes) {
    for (auto [offset, size] : free_) {
      if (size < bytes) continue;
      free_.erase(offset);
      if (size > bytes) free_[offset + bytes] = size - bytes;
      return offset;
    }
    TORCH_CHECK(false, "no addresses left on the accelerator");
  }
  void Join(size_t offset, size_t bytes) {
    const auto after = free_.lower_bound(offset);
    if (after != free_.end() && after->first == offset + bytes) {
      bytes += after->second;
      free_.erase(after);
    }
    const auto next = free_.lower_bound(offset);
    if (next != free_.begin()) {
      const auto before = std::prev(next);
      if (before->first + before->second == offset) {
        before->second += bytes;
        return;
      }
    }
    free_[offset] = bytes;
  }

  const c10::DeviceIndex device_;
  const Pages pages_;
  std::mutex mutex_;
  std::map<size_t, size_t> free_;  // addresses without a block: offset to size
  std::unordered_map<size_t, MemoryBlock> taken_;
  std::list<MemoryBlock> cached_;
  std::list<Leaving> leaving_;  // freed, while other streams still use them
  c10::CachingDeviceAllocator::DeviceStats stats_;
  std::atomic<size_t> reserved_{0};
};

Heap& HeapOf(c10::DeviceIndex device) {
  static auto* const heaps = new std::array<Heap, kDevices>{Heap(0), Heap(1)};
  return (*heaps)[static_cast<size_t>(device)];
}

void Release(void* address) {
  if (address != nullptr) HeapOf(DeviceOf(address)).GiveBack(address);
}

class DeviceMemoryAllocator final : public c10::DeviceAllocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    const c10::Device device(kType, CurrentDevice());
    if (bytes == 0) return {nullptr, nullptr, &Release, device};
    NeedContext(device.index());
    FailIfTold();
    void* address = HeapOf(device.index()).Take(bytes);
    return {address, address, &Release, device};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &Release; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    const c10::Stream stream = CurrentStream(DeviceOf(to));
    Post(stream, Work::kKernel,
         [to = Shadow(to), from = Shadow(from), bytes] { std::memcpy(to, from, bytes); });
  }
  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t) override {
    for (c10::DeviceIndex device = 0; device < kDevices; ++device) HeapOf(device).EmptyCache();
  }
  void recordStream(const c10::DataPtr& data, c10::Stream stream) override {
    if (data.get() != nullptr) HeapOf(DeviceOf(data.get())).RecordStream(data.get(), stream.id());
  }
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex device) override {
    return HeapOf(device).stats();
  }
  void resetAccumulatedStats(c10::DeviceIndex) override {}
  void resetPeakStats(c10::DeviceIndex device) override { HeapOf(device).ResetPeaks(); }
  std::pair<size_t, size_t> getMemoryInfo(c10::DeviceIndex device) override {
    NeedContext(device);
    State& state = TheState();
    const size_t reserved = HeapOf(device).Reserved();
    const std::lock_guard lock(state.mutex);
    const Settings& settings = state.settings;
    const size_t all = settings.card_bytes > 0 ? settings.card_bytes : settings.capacity_bytes;
    return {all > reserved ? all - reserved : 0, all};
  }
};

class PinnedMemoryAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) override {
    if (bytes == 0) return {nullptr, nullptr, &Free, c10::kCPU};
    NeedAnyContext();
    {
      State& state = TheState();
      const std::lock_guard lock(state.mutex);
      if (state.pinned_fails)
        throw c10::AcceleratorError({__func__, __FILE__, __LINE__}, 2, "CUDA error: out of memory");
      state.counts.pinned_bytes += static_cast<int64_t>(bytes);
    }
    void* address = Find(bytes);
    return {address, address, &Free, c10::kCPU};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &Free; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    std::memcpy(to, from, bytes);
  }
  bool Has(const void* address) {
    const std::lock_guard lock(mutex_);
    return Containing(address) != taken_.end();
  }
  void NoteUse(const void* address, const c10::Stream& stream) {
    const std::lock_guard lock(mutex_);
    const auto found = Containing(address);
    if (found == taken_.end()) return;
    found->second.marks.push_back(std::make_shared<Event>());
    Record(found->second.marks.back(), stream);
  }
  void Empty() {
    const std::lock_guard lock(mutex_);
    left_.remove_if([](const Left& left) {
      if (AllDone(left.marks)) std::free(left.address);
      return AllDone(left.marks);
    });
  }

 private:
  struct Pinned {
    size_t bytes = 0;
    Marks marks;  // of copies
  };
  struct Left {
    void* address;
    size_t bytes;
    Marks marks;
  };

  static void Free(void* address) {
    if (address != nullptr) static_cast<PinnedMemoryAllocator&>(PinnedMemory()).Leave(address);
  }
  void Leave(void* address) {
    const std::lock_guard lock(mutex_);
    const auto found = taken_.find(address);
    State& state = TheState();
    {
      const std::lock_guard state_lock(state.mutex);
      state.counts.pinned_bytes -= static_cast<int64_t>(found->second.bytes);
    }
    left_.push_back({address, found->second.bytes, std::move(found->second.marks)});
    taken_.erase(found);
  }
  void* Find(size_t bytes) {
    const std::lock_guard lock(mutex_);
    void* address = nullptr;
    const auto left = std::find_if(left_.begin(), left_.end(), [&](const Left& each) {
      return each.bytes == bytes && AllDone(each.marks);
    });
    if (left != left_.end()) {
      address = left->address;
      left_.erase(left);
    } else {
      constexpr size_t kPage = 4096;
      address = std::aligned_alloc(kPage, (bytes + kPage - 1) / kPage * kPage);
      TORCH_CHECK(address != nullptr, "no memory");
    }
    std::memset(address, kPoison, bytes);
    taken_[address].bytes = bytes;
    return address;
  }
  std::map<const void*, Pinned>::iterator Containing(const void* address) {
    auto after = taken_.upper_bound(address);
    if (after == taken_.begin()) return taken_.end();
    const auto found = std::prev(after);
    const auto* begin = static_cast<const char*>(found->first);
    return static_cast<const char*>(address) < begin + found->second.bytes ? found : taken_.end();
  }

  std::mutex mutex_;
  std::map<const void*, Pinned> taken_;
  std::list<Left> left_;
};

}  // namespace

c10::DeviceAllocator& DeviceMemory() {
  static auto* const allocator = new DeviceMemoryAllocator;
  return *allocator;
}

c10::Allocator& PinnedMemory() {
  static auto* const allocator = new PinnedMemoryAllocator;
  return *allocator;
}

void* Shadow(const void* device_address) {
  if (device_address == nullptr) return nullptr;
  const c10::DeviceIndex device = DeviceOf(device_address);
  TORCH_CHECK(device >= 0, "a host address where the device's is wanted");
  const Pages& pages = HeapOf(device).pages();
  return pages.shadow() + (static_cast<const char*>(device_address) - pages.device());
}

int SpillDelayUs(c10::DeviceIndex device) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  const Settings& settings = state.settings;
  const bool spills = settings.card_bytes > 0 && HeapOf(device).Reserved() > settings.card_bytes;
  return spills ? settings.spill_us : 0;
}

c10::DeviceIndex DeviceOf(const void* device_address) {
  for (c10::DeviceIndex device = 0; device < kDevices; ++device) {
    if (HeapOf(device).pages().Has(device_address)) return device;
  }
  return -1;
}

bool IsPinned(const void* host_address) {
  return static_cast<PinnedMemoryAllocator&>(PinnedMemory()).Has(host_address);
}

void NotePinnedUse(const void* host_address, const c10::Stream& stream) {
  static_cast<PinnedMemoryAllocator&>(PinnedMemory()).NoteUse(host_address, stream);
}

void EmptyPinned() { static_cast<PinnedMemoryAllocator&>(PinnedMemory()).Empty(); }

}  // namespace flowtrain::accelerator
