// The device that the model runs on, and the thread counts of the threads around it.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "nodes/device/gpu_monitor.h"
#include "nodes/run/gpu_status.h"
#include "pipeline/node/node.h"

namespace torch::nn {
class Module;
}

namespace flowtrain {

// The precision of convolutions and matrix products. Parameters, batch-norm and the loss are fp32.
enum class Precision { kFp32, kFp16, kBf16 };
const char* ToString(Precision precision);  // "FP32", "FP16", "BF16"

// A CPU or one accelerator: a GPU, or whatever else libtorch has registered. What only one vendor
// has stands in a room of that vendor's (nvidia/); everything else asks libtorch.
class Device final : public Resource {
 public:
  static void Declare(NodeSpec& spec);

  // This process is one of several on the machine, which share its devices and cores: without an index
  // in its name the device is the one of the process's number, from 0, and without a number of threads
  // it takes `threads`. Before Open.
  void ShareMachine(int process, int threads) {
    process_ = process;
    share_ = threads;
  }

  // Throws ConfigError for a device that does not exist or cannot be used.
  void Open(const OpenContext& context) override;
  void OnWorkerThread() override;
  void OnLaneThread() override;

  c10::Device device() const { return device_; }
  // A GPU or another device with memory of its own, whoever made it; not a CPU.
  bool is_accelerator() const { return !device_.is_cpu(); }
  Precision precision() const { return precision_; }
  c10::ScalarType compute_type() const;  // of precision()
  bool cudnn_benchmark() const { return device_.is_cuda() && cudnn_benchmark_; }
  int lane_threads() const { return lane_threads_; }

  std::string Name() const;   // "NVIDIA GeForce RTX 3060", "AMD EPYC, 4 cores"
  size_t TotalBytes() const;  // the device's memory; 0 on a CPU
  // Held by the allocator, its cache included: what nvidia-smi shows of this program, but for some
  // hundred MiB of the driver's own. 0 on a CPU.
  size_t ReservedBytes() const;
  size_t AllocatedBytes() const;  // what tensors have of it
  size_t PeakBytes() const;       // the most of it at once since Open or ResetPeak
  void ResetPeak() const;
  // What of the device's memory no other program held when this one began.
  size_t RoomBytes() const;
  // The share of the memory that may be taken; 1 without a limit and on a CPU.
  double memory_fraction() const { return memory_fraction_; }
  // Whether nobody gave that limit (DefaultMemoryLimit).
  bool limited_by_default() const { return memory_fraction_ < 1 && memory_limit_.empty(); }
  GpuStatus Status() const;  // as nvidia-smi shows it; empty where the driver does not tell
  void Synchronize() const;
  // Time that the device lane has spent on evaluations and checkpoints so far (Pause).
  uint64_t PausedNs() const { return paused_ns_; }
  void AddPause(uint64_t ns) { paused_ns_ += ns; }
  // Moves a network to the device, with its convolutions in channels_last.
  void Adopt(torch::nn::Module& network) const;
  // Gives the allocator's unused memory back to the driver; returns how many bytes, 0 on a CPU.
  size_t EmptyCache();

 private:
  void LimitMemory(const std::string& limit_name);
  void StartAccelerator() const;

  std::string name_, memory_limit_;  // options
  int threads_ = 0;
  bool mixed_precision_ = true, cudnn_benchmark_ = true;

  c10::Device device_{c10::kCPU};
  Precision precision_ = Precision::kFp32;
  double memory_fraction_ = 1;
  size_t room_bytes_ = 0;                // 0: not known
  std::unique_ptr<GpuMonitor> monitor_;  // null: the driver has none
  int lane_threads_ = 1;
  bool warmed_up_ = false;
  int process_ = 0;  // on this machine
  int share_ = 0;    // threads; 0: all cores
  uint64_t paused_ns_ = 0;
};

}  // namespace flowtrain
