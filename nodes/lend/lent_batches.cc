#include "nodes/lend/lent_batches.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "nodes/source/ordered_source.h"
#include "pipeline/base/buffer_memory.h"

namespace flowtrain {

LentBatch::LentBatch(std::shared_ptr<LentBatches> home, ViewFormat view_format, const Batch& from)
    : format(view_format),
      layout(from.layout),
      seq(from.seq),
      epoch(from.epoch),
      batch(from.step),
      ids(from.ids),
      labels(from.labels),
      home_(std::move(home)),
      buffer_(from.buffer) {
  rows = static_cast<int>(std::find(ids.begin(), ids.end(), kNoImage) - ids.begin());
}

LentBatch::~LentBatch() { home_->GoHome(buffer_); }

std::shared_ptr<uint8_t> LentBatches::Allocate(size_t bytes) {
  bytes = format_.BufferBytes(bytes);
  const std::lock_guard lock(mutex_);
  if (memory_.empty()) {
    free_.reserve(static_cast<size_t>(most_));  // GoHome may not allocate
    for (int i = 0; i < most_; ++i) {
      memory_.push_back({AllocateHostMemory(bytes), bytes});
      free_.push_back(memory_.back().data.get());
    }
  }
  memory_.push_back({AllocateHostMemory(bytes), bytes});
  return memory_.back().data;
}

void LentBatches::Pass(Batch& batch, const std::function<bool()>& stopped) {
  constexpr std::chrono::milliseconds kPoll{20};
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kPoll, [&] { return closed_ || !free_.empty(); })) {
    if (stopped()) return;
  }
  if (closed_) return;
  full_.push_back(std::make_shared<LentBatch>(shared_from_this(), format_, batch));
  batch.buffer = free_.back();  // the last one home: it is still in a cache
  free_.pop_back();
  lock.unlock();
  changed_.notify_all();
}

std::shared_ptr<LentBatch> LentBatches::Take(double seconds,
                                             const std::function<bool(const LentBatch&)>& wanted) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::shared_ptr<LentBatch> taken;
  while (true) {
    taken.reset();  // outside the lock, which its way home takes
    std::unique_lock lock(mutex_);
    const auto is_ready = [this] { return closed_ || !full_.empty(); };
    if (!changed_.wait_until(lock, until, is_ready)) return nullptr;
    if (error_ != nullptr) std::rethrow_exception(error_);
    if (full_.empty()) return nullptr;
    taken = std::move(full_.front());
    full_.pop_front();
    if (wanted(*taken)) return taken;
  }
}

void LentBatches::DropFull() {
  std::deque<std::shared_ptr<LentBatch>> dropped;
  const std::lock_guard lock(mutex_);
  dropped.swap(full_);
}

bool LentBatches::AllAreLent() const {
  const std::lock_guard lock(mutex_);
  return full_.empty() && free_.empty() && !closed_;
}

void LentBatches::Close(std::exception_ptr error) {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (error_ == nullptr) error_ = std::move(error);
  }
  DropFull();  // they keep this alive
  changed_.notify_all();
}

bool LentBatches::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::vector<LentMemory> LentBatches::Memory() const {
  const std::lock_guard lock(mutex_);
  return memory_;
}

void LentBatches::GoHome(uint8_t* buffer) noexcept {
  // In a forked child the buffer is a copy, and the mutex may be locked for ever.
  if (getpid() != process_) return;
  {
    const std::lock_guard lock(mutex_);
    free_.push_back(buffer);
  }
  changed_.notify_all();
}

}  // namespace flowtrain
