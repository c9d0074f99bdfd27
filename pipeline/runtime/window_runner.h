// Holds the model lease and runs a WindowNode. Internal to the engine.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "pipeline/base/ring_queue.h"
#include "pipeline/runtime/admission.h"
#include "pipeline/runtime/lane_runner.h"
#include "pipeline/runtime/runner_env.h"

namespace flowtrain::internal {

class WindowRunner final : public LaneRunner {
 public:
  WindowRunner(tbb::flow::graph& graph, RunnerEnv& env, Admission& admission, WindowNode& node,
               std::string name, bool passes_on, bool returns_lease);

  // The model lease is free again: parameters will not change until the next window takes it.
  void ReturnLease();
  // A step slot went home.
  void StepIsHome() { BeginWindows(); }
  bool lease_is_home() const;
  // After an abort: gives back what an incomplete window holds.
  void Abandon();
  Stream stream() const override { return Stream::kBatch; }

 private:
  void Arrive(Packet* packet) override;
  void BeginWindows();
  bool TakeLease(const Batch& first);  // under the lock
  Packet* Work(Packet* packet) override;
  void SendHome(Batch* batch, bool last_of_window);

  RunnerEnv& env_;
  Admission& admission_;
  WindowNode& node_;
  const bool passes_on_, returns_lease_;
  mutable std::mutex mutex_;
  RingQueue<Batch*> waiting_;  // in order; the first of them may start a window
  bool submitting_ = false;
  bool lease_home_ = true;
  Step* step_ = nullptr;      // of the window that holds the lease
  std::vector<Batch*> kept_;  // of that window, where the node keeps them
};

}  // namespace flowtrain::internal
