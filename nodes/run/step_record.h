// What is known of a finished optimiser step. Torch-free: the report and the progress bar read it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "nodes/run/gpu_status.h"
#include "pipeline/node/packet.h"

namespace flowtrain {

// What a step leaves on the device.
struct StepFigures {
  double loss = 0;  // mean over the window's micro-batches
  // The loss scaler found a non-finite gradient and left the parameters alone.
  bool skipped = false;
  double loss_scale = 1;
};

// How the images of a window are spread over the space of representations, without their labels.
// nodes/train/representations.h says how each is computed.
struct RepresentationFigures {
  double rankme = 0;                           // effective rank of the backbone's features
  double feature_std = 0, projection_std = 0;  // 1: spread evenly; 0: all images look the same
  double alignment = 0, uniformity = 0;        // of the projections; the lower the better
};

// The two views of some images of a window, to look at.
struct ViewPairs {
  int side = 0, pairs = 0;      // pixels; images
  std::vector<uint8_t> pixels;  // [2, pairs, side, side, 3] RGB
};

// Filled by the nodes on the device lane. The figures arrive later than the step does: a device
// runs ahead of the host by up to one window. Until Fetch has brought them they are not valid.
struct StepRecord : StepFigures {
  uint64_t step = 0;   // from 0
  uint64_t epoch = 0;  // from 0
  int images = 0;      // of the window
  bool last_of_epoch = false;
  double learning_rate = 0;
  double seconds = 0;  // wall time since the previous step
  // Share of that time in which the device lane had no batch to work on, 0 to 1.
  double data_wait = 0;
  // Of several ranks: the time in which this one waited for sums and gathers over all of them, and
  // the bytes that it gave to these. 0 bytes: there is one rank.
  double collective_wait_ms = 0;
  uint64_t collective_bytes = 0;
  // Of the device's memory; 0 on a CPU.
  size_t device_bytes = 0;        // held by the program, unused cache included
  size_t device_peak_bytes = 0;   // the most of that so far
  size_t device_total_bytes = 0;  // all there is
  GpuStatus gpu;                  // empty where the driver does not tell
  // Percent; where this step was evaluated.
  std::optional<double> knn_top1, linear_top1, linear_top5;
  std::optional<RepresentationFigures> representations;  // where they were measured
  std::shared_ptr<const ViewPairs> view_pairs;           // null: none of this window

  // Brings the figures from the device: true when they are here. With `wait` it blocks until they
  // are. Only the record's keeper may call it; others may call Look meanwhile.
  bool Fetch(bool wait) {
    if (!fetch) return true;
    const std::optional<StepFigures> arrived = fetch(wait);
    if (arrived) static_cast<StepFigures&>(*this) = *arrived;
    return arrived.has_value();
  }
  // The figures if they are on the host already; does not change the record. Thread-safe.
  std::optional<StepFigures> Look() const {
    return fetch ? fetch(false) : std::optional<StepFigures>(*this);
  }

  std::function<std::optional<StepFigures>(bool wait)> fetch;  // thread-safe; empty: they are here
};

// The payload of every Step: nodes after the optimiser may add to the record; the report keeps it.
struct StepPayload : Payload {
  std::shared_ptr<StepRecord> record;
};

}  // namespace flowtrain
