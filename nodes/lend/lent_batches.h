// Finished batches on their way out of the graph, and the buffers they are in.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "nodes/lend/view_format.h"
#include "pipeline/node/packet.h"

namespace flowtrain {

class LentBatches;

// Memory that a batch lies in. Who keeps `data` keeps the memory.
struct LentMemory {
  std::shared_ptr<uint8_t> data;
  size_t bytes = 0;
};

// A batch that left the graph. Its buffer goes home when it is destroyed, on any thread.
class LentBatch {
 public:
  LentBatch(std::shared_ptr<LentBatches> home, ViewFormat format, const Batch& batch);
  ~LentBatch();
  LentBatch(const LentBatch&) = delete;
  LentBatch& operator=(const LentBatch&) = delete;

  // The view's values, of the type and layout of `format`: those of layout.rows images, of which the
  // first `rows` are there.
  uint8_t* View(int view) const { return buffer_ + format.ValuesAt(layout, view, 0); }

  const ViewFormat format;
  const BatchLayout layout;
  const uint64_t seq;           // as the graph admitted it
  const uint64_t epoch, batch;  // from 0; `batch` within the epoch
  int rows = 0;                 // images; fewer than layout.rows in the last batch of an epoch only
  std::vector<uint64_t> ids;    // of each row
  std::vector<int32_t> labels;  // -1 where there is none

 private:
  const std::shared_ptr<LentBatches> home_;
  uint8_t* const buffer_;
};

// The graph gives a full buffer and gets an empty one for it, so its own batch slots never leave it;
// the consumer keeps a batch for as long as it likes. A buffer is in one place at a time: at a slot
// of the graph, full and not yet taken, lent, or free. The buffers live as long as this, which every
// lent batch keeps alive after the graph is gone. Thread-safe.
class LentBatches : public std::enable_shared_from_this<LentBatches> {
 public:
  // At most `most` batches are full or lent at a time.
  LentBatches(int most, ViewFormat format) : most_(most), format_(format) {}

  // A buffer for a slot of the graph, of `bytes` and their values; the first call also makes the
  // `most` others. Throws std::bad_alloc.
  std::shared_ptr<uint8_t> Allocate(size_t bytes);

  // The graph's side: passes on a batch in its buffer, and gives it an empty one instead. Waits for
  // that, and gives up when Close was called or `stopped` says so: then the batch is dropped.
  void Pass(Batch& batch, const std::function<bool()>& stopped);

  // The consumer's side. The next batch for which `wanted` holds; others are dropped. Waits
  // `seconds` at most; nullptr: none came. After Close throws its error, if it had one.
  std::shared_ptr<LentBatch> Take(double seconds,
                                  const std::function<bool(const LentBatch&)>& wanted);
  // Drops the batches that nobody has taken.
  void DropFull();
  // Whether the next batch can only come when a lent one goes home.
  bool AllAreLent() const;
  // The run is over; what is waiting wakes.
  void Close(std::exception_ptr error);
  bool closed() const;
  // All buffers, those of the graph's slots included.
  std::vector<LentMemory> Memory() const;

 private:
  friend class LentBatch;
  void GoHome(uint8_t* buffer) noexcept;

  const int most_;
  const ViewFormat format_;
  const pid_t process_ = getpid();
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<LentMemory> memory_;
  std::vector<uint8_t*> free_;
  std::deque<std::shared_ptr<LentBatch>> full_;
  bool closed_ = false;
  std::exception_ptr error_;
};

}  // namespace flowtrain
