#include "tests/support/accelerator/streams.h"

#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <string>
#include <thread>

#include "tests/support/accelerator/memory.h"
#include "tests/support/accelerator/profile.h"
#include "tests/support/accelerator/state.h"

namespace flowtrain::accelerator {
namespace {

thread_local c10::DeviceIndex current_device = 0;
thread_local std::array<c10::StreamId, kDevices> current_streams{};

[[noreturn]] void Throw(const std::string& what) {
  throw c10::AcceleratorError({__func__, __FILE__, __LINE__}, 1, what);
}

// Why a device computes no more; empty while it does.
struct Loss {
  std::mutex mutex;
  std::array<std::string, kDevices> why;

  std::string Why(c10::DeviceIndex device) {
    const std::lock_guard lock(mutex);
    return why[static_cast<size_t>(device)];
  }
  void Set(c10::DeviceIndex device, const std::string& what) {
    const std::lock_guard lock(mutex);
    if (why[static_cast<size_t>(device)].empty()) why[static_cast<size_t>(device)] = what;
  }
};
Loss& TheLoss() {
  static auto* const loss = new Loss;
  return *loss;
}

void ThrowIfLost(c10::DeviceIndex device) {
  const std::string why = TheLoss().Why(device);
  if (!why.empty()) Throw("CUDA error: " + why);
}

uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

class Queue {
 public:
  Queue(c10::DeviceIndex device, int id) : device_(device), id_(id), thread_([this] { Run(); }) {}

  void Add(Work kind, std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({kind, std::move(work)});
    ++added_;
    changed_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    const uint64_t until = added_;
    changed_.wait(lock, [&] { return done_ >= until; });
  }
  bool Idle() {
    const std::lock_guard lock(mutex_);
    return done_ == added_;
  }
  void End() {
    {
      const std::lock_guard lock(mutex_);
      end_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

 private:
  struct Item {
    Work kind;
    std::function<void()> work;
  };

  void Run() {
    at::set_num_threads(1);
    const c10::NoGradGuard no_grad;
    const at::AutoDispatchBelowAutograd kernels_only;
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return end_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      {
        const Item item = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        Do(item);
      }
      lock.lock();
      ++done_;
      changed_.notify_all();
    }
  }

  void Do(const Item& item) {
    Sleep();
    if (item.kind != Work::kMark) {
      LoseIfTold();
      if (!TheLoss().Why(device_).empty()) return;
    }
    const auto begin = std::chrono::system_clock::now();
    const int spill_us = item.kind == Work::kMark ? 0 : SpillDelayUs(device_);
    if (spill_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(spill_us));
    try {
      item.work();
    } catch (const std::exception& error) {
      TheLoss().Set(device_, std::string("a kernel failed: ") + error.what());
    }
    if (item.kind != Work::kMark)
      NoteWork(item.kind == Work::kCopy, id_, begin, std::chrono::system_clock::now());
  }

  void LoseIfTold() {
    State& state = TheState();
    const std::lock_guard lock(state.mutex);
    if (state.kernels_until_lost == 0 || --state.kernels_until_lost > 0) return;
    TheLoss().Set(device_, "unspecified launch failure");
  }

  // One piece of work in four waits.
  void Sleep() {
    uint64_t seed = 0, most_us = 0;
    {
      State& state = TheState();
      const std::lock_guard lock(state.mutex);
      seed = state.settings.delay_seed;
      most_us = static_cast<uint64_t>(state.settings.most_delay_us);
    }
    if (seed == 0) return;
    if (seed != seed_) count_ = 0;
    seed_ = seed;
    const uint64_t place = (static_cast<uint64_t>(device_) * kStreams + static_cast<uint64_t>(id_));
    const uint64_t drawn = Mix(Mix(seed * 1000 + place) + ++count_);
    if (drawn % 4 != 0) return;
    std::this_thread::sleep_for(std::chrono::microseconds(drawn / 4 % (most_us + 1)));
  }

  const c10::DeviceIndex device_;
  const int id_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> waiting_;
  uint64_t added_ = 0, done_ = 0;
  bool end_ = false;
  uint64_t seed_ = 0, count_ = 0;  // the thread's own
  std::thread thread_;             // last: it uses all of the above
};

// Each is made when it is first used.
class Queues {
 public:
  Queue& Of(c10::DeviceIndex device, int64_t id) {
    const std::lock_guard lock(mutex_);
    auto& queue = queues_[static_cast<size_t>(device)][static_cast<size_t>(id)];
    if (queue == nullptr) queue = new Queue(device, static_cast<int>(id));
    return *queue;
  }
  Queue* IfAny(c10::DeviceIndex device, int64_t id) {
    const std::lock_guard lock(mutex_);
    return queues_[static_cast<size_t>(device)][static_cast<size_t>(id)];
  }

 private:
  std::mutex mutex_;
  std::array<std::array<Queue*, kStreams>, kDevices> queues_{};
};
Queues& TheQueues() {
  static auto* const queues = new Queues;
  return *queues;
}

Queue& QueueOf(const c10::Stream& stream) {
  return TheQueues().Of(stream.device_index(), stream.id());
}

void CountWait() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  ++state.counts.host_waits;
}

template <typename Call>
void ForEachQueue(Call call) {
  for (c10::DeviceIndex device = 0; device < kDevices; ++device) {
    for (int id = 0; id < kStreams; ++id) {
      if (Queue* queue = TheQueues().IfAny(device, id)) call(*queue);
    }
  }
}

// libtorch is still there when this is destroyed, since it is made after it.
struct AtExit {
  ~AtExit() {
    ForEachQueue([](Queue& queue) { queue.End(); });
  }
} at_exit;

// What kernels use may be made after it, though: so no work outlives the thread that queued it.
struct AtThreadExit {
  ~AtThreadExit() {
    ForEachQueue([](Queue& queue) { queue.Wait(); });
  }
};

}  // namespace

State& TheState() {
  static auto* const state = new State;
  return *state;
}

void ClearErrors() {
  ForEachQueue([](Queue& queue) { queue.Wait(); });
  Loss& loss = TheLoss();
  const std::lock_guard lock(loss.mutex);
  loss.why = {};
}

void Event::Reach(uint64_t version) {
  const std::lock_guard lock(mutex);
  reached = std::max(reached, version);
  at = std::chrono::steady_clock::now();
  changed.notify_all();
}

void Event::Wait(uint64_t version) {
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return reached >= version; });
}

bool Event::Done() {
  const std::lock_guard lock(mutex);
  return reached >= recorded;
}

void Post(const c10::Stream& stream, Work kind, std::function<void()> work) {
  static thread_local const AtThreadExit at_thread_exit;
  NeedContext(stream.device_index());
  if (kind != Work::kMark) {
    ThrowIfLost(stream.device_index());
    State& state = TheState();
    const std::lock_guard lock(state.mutex);
    ++state.counts.kernels;
  }
  QueueOf(stream).Add(kind, std::move(work));
}

void WaitFor(const c10::Stream& stream) {
  if (!QueueOf(stream).Idle()) CountWait();
  QueueOf(stream).Wait();
  ThrowIfLost(stream.device_index());
}

void WaitForDevice(c10::DeviceIndex device) {
  for (int id = 0; id < kStreams; ++id) {
    Queue* queue = TheQueues().IfAny(device, id);
    if (queue == nullptr) continue;
    if (!queue->Idle()) CountWait();
    queue->Wait();
  }
  ThrowIfLost(device);
}

bool IsIdle(const c10::Stream& stream) {
  ThrowIfLost(stream.device_index());
  return QueueOf(stream).Idle();
}

void Record(const std::shared_ptr<Event>& event, const c10::Stream& stream) {
  uint64_t version = 0;
  {
    const std::lock_guard lock(event->mutex);
    version = ++event->recorded;
  }
  Post(stream, Work::kMark, [event, version] { event->Reach(version); });
}

void Block(const std::shared_ptr<Event>& event, const c10::Stream& stream) {
  uint64_t version = 0;
  {
    const std::lock_guard lock(event->mutex);
    version = event->recorded;
  }
  if (version == 0) return;
  Post(stream, Work::kMark, [event, version] { event->Wait(version); });
}

void WaitForEvent(const std::shared_ptr<Event>& event, c10::DeviceIndex device) {
  if (!event->Done()) CountWait();
  uint64_t version = 0;
  {
    const std::lock_guard lock(event->mutex);
    version = event->recorded;
  }
  event->Wait(version);
  ThrowIfLost(device);
}

c10::Stream StreamOf(c10::DeviceIndex device, c10::StreamId id) {
  return c10::Stream(c10::Stream::UNSAFE, c10::Device(kType, device), id);
}

c10::Stream CurrentStream(c10::DeviceIndex device) {
  return StreamOf(device, current_streams[static_cast<size_t>(device)]);
}

c10::Stream ExchangeStream(const c10::Stream& stream) {
  const c10::Stream before = CurrentStream(stream.device_index());
  current_streams[static_cast<size_t>(stream.device_index())] = stream.id();
  return before;
}

c10::Stream StreamFromPool(c10::DeviceIndex device) {
  static std::atomic<int> next{0};
  return StreamOf(device, 1 + next++ % (kStreams - 1));
}

c10::DeviceIndex CurrentDevice() { return current_device; }

// As CUDA does: setting the device that a thread has already makes nothing.
void SetDevice(c10::DeviceIndex device) {
  if (device == current_device) return;
  TORCH_CHECK(device >= 0 && device < kDevices, "invalid device ordinal");
  NeedContext(device);
  current_device = device;
}

void RestoreDevice(c10::DeviceIndex device) noexcept { current_device = device; }

void NeedContext(c10::DeviceIndex device) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  bool& has_context = state.counts.context[device];
  if (state.busy && !has_context)
    Throw("CUDA error: CUDA-capable device(s) is/are busy or unavailable");
  has_context = true;
}

}  // namespace flowtrain::accelerator
