// What travels through the graph. A message on an edge is a pointer to one of these; the objects
// themselves are slots of pools and go home when a node is done with them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace flowtrain {

// The kinds of packet an edge can carry.
enum class Stream : uint8_t { kSample, kBatch, kStep };
const char* ToString(Stream stream);

// What a node attaches to a packet for later nodes: an image, a device tensor, a step's figures.
// The engine only owns it.
class Payload {
 public:
  virtual ~Payload() = default;
  // Called when the packet's slot goes home: releases what belongs to others.
  virtual void Release() noexcept {}
};

struct Packet {
  explicit Packet(Stream s) : stream(s) {}
  Packet(const Packet&) = delete;
  Packet& operator=(const Packet&) = delete;

  const Stream stream;
  uint64_t seq = 0;  // among the packets of its stream, from 0, in order of admission
  // When it arrived at the node that it is at, by the engine's clock. Set by the sender, which has
  // just read the clock.
  uint64_t arrived_ns = 0;
};

// What a batch's buffer looks like: [views, rows, bytes of the view].
struct BatchLayout {
  int rows = 0;           // samples per batch: B
  int views = 2;          // views per sample
  size_t view_bytes = 0;  // of one view of one sample; 0 where the views differ in size
  std::vector<size_t> bytes_of_views = {};  // of each, where they differ; otherwise empty

  size_t ViewBytes(int view) const {
    return bytes_of_views.empty() ? view_bytes : bytes_of_views[static_cast<size_t>(view)];
  }
  // Where view `view` of row `row` begins in the buffer.
  size_t Offset(int view, int row) const {
    return BytesBefore(view) * static_cast<size_t>(rows) +
           ViewBytes(view) * static_cast<size_t>(row);
  }
  size_t bytes() const { return BytesBefore(views) * static_cast<size_t>(rows); }

 private:
  // Of one sample, the bytes of the views before this one.
  size_t BytesBefore(int view) const {
    const auto count = static_cast<size_t>(view);
    if (bytes_of_views.empty()) return view_bytes * count;
    size_t bytes = 0;
    for (size_t i = 0; i < count; ++i) bytes += bytes_of_views[i];
    return bytes;
  }
};

// A batch: one host buffer that the sample nodes fill row by row.
struct Batch : Packet {
  Batch() : Packet(Stream::kBatch) {}

  // Where view `view` of row `row` is written.
  uint8_t* Row(int view, int row) const { return buffer + layout.Offset(view, row); }

  BatchLayout layout;
  uint8_t* buffer = nullptr;  // layout.bytes() bytes, pinned where the stage node says so

  // Set at admission.
  uint64_t seed = 0;   // of the run, as its samples have it
  uint64_t epoch = 0;  // from 0
  uint64_t step = 0;   // optimiser step this batch belongs to, from 0 at the start of the run
  uint64_t steps_per_epoch = 1;
  uint64_t total_steps = 0;  // of the whole run; 0: the source does not know
  int in_window = 0;         // number of this batch in its window, from 0
  int window = 1;            // batches of the window
  // Where several processes work on the same windows: batches of the window over all of them, 0
  // where there is one process; and whether the window has none for this one, so that its only
  // batch is not to be used.
  int window_over_all = 0;
  bool spare = false;
  bool last_of_epoch = false;
  std::vector<uint64_t> ids;    // of each row; a row's worker writes its own
  std::vector<int32_t> labels;  // class of each row, -1 where there is none

  std::atomic<int> rows_done{0};
  std::unique_ptr<Payload> payload;  // of the stage node
};

// One item of the data set on its way to a row of a batch.
struct Sample : Packet {
  Sample() : Packet(Stream::kSample) {}

  // Set at admission.
  uint64_t epoch = 0;     // from 0
  uint64_t position = 0;  // in the epoch's order, from 0
  uint64_t id = 0;        // of the item in the data set
  uint64_t seed = 0;      // of the run: with epoch, id and a purpose the key of every draw
  int attempt = 0;        // 0, or the number of the substitute for an unreadable item
  Batch* batch = nullptr;
  int row = 0;

  int32_t label = -1;                // class; -1 where there is none. Set by the source
  std::unique_ptr<Payload> payload;  // of the source; kept when the slot is used again

  std::string error;  // why the item could not be used; empty when it could
};

// A window that went through forward and backward, and then through the optimiser.
struct Step : Packet {
  Step() : Packet(Stream::kStep) {}

  uint64_t step = 0;   // from 0
  uint64_t epoch = 0;  // from 0
  int images = 0;      // images of the window
  uint64_t steps_per_epoch = 1;
  uint64_t total_steps = 0;  // of the whole run; 0: not known
  bool last_of_epoch = false;
  std::unique_ptr<Payload> payload;  // of the window node; kept when the slot is used again
};

// "image 17 (epoch 2)", "batch 4", "step 12": what an error message calls a packet.
std::string Describe(const Packet& packet);

}  // namespace flowtrain
