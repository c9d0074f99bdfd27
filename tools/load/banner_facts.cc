#include "tools/load/banner_facts.h"

#include <string>
#include <vector>

#include "nodes/data/cache/decoded_cache.h"
#include "nodes/data/dataset.h"
#include "nodes/device/device.h"
#include "nodes/run/run_dir.h"
#include "nodes/source/window_size.h"
#include "nodes/train/forward_backward.h"
#include "tools/load/load.h"

namespace flowtrain {
namespace {

// Keys that have no effect here.
std::vector<std::string> InactiveKeys(const Device& device, const Config& config) {
  std::vector<std::string> keys;
  if (!device.is_accelerator()) {
    if (!config.GetOr<std::string>("gpu.memory_limit", "").empty()) {
      keys.emplace_back("gpu.memory_limit");
    }
    for (const char* key : {"gpu.cudnn_benchmark", "gpu.empty_cache_freq", "data.pin_memory"}) {
      if (config.Find(key) != nullptr) keys.emplace_back(key);
    }
  }
  if (device.precision() == Precision::kFp32 && config.GetOr("gpu.mixed_precision", false)) {
    keys.emplace_back("gpu.mixed_precision");  // this CPU does not compute in BF16
  }
  return keys;
}

// Batches of the loader per optimiser step.
int BatchesAStep(const Config& config, int batch_size) {
  if (batch_size < 1) return 1;
  return WindowSize(config.GetOr<std::string>("gpu.gradient_accumulation", "1"),
                    config.GetOr<int64_t>("train.effective_batch", 0), batch_size);
}

// Negatives of an anchor: the other views that its loss sees, without its own image's. 0 if the
// loss has no anchors.
int Negatives(const Config& config, const BannerFacts& facts) {
  const auto loss = config.GetOr<std::string>("train.loss", "nt_xent");
  if (loss != "nt_xent" && loss != "dcl") return 0;
  const bool exact = config.GetOr<std::string>("gpu.accumulation", "exact") == "exact";
  return 2 * facts.batch_size * (exact ? facts.accumulation : 1) - 2;
}

void AddDevice(const Device& device, const Config& config, BannerFacts& facts) {
  facts.gpu = device.is_accelerator();
  facts.device = device.Name();
  facts.device_bytes = device.TotalBytes();
  if (device.memory_fraction() < 1) {
    facts.device_limited_by = "gpu.memory_limit";
    facts.device_limit_bytes =
        static_cast<size_t>(device.memory_fraction() * static_cast<double>(facts.device_bytes));
  }
  facts.cudnn_benchmark = device.cudnn_benchmark();
  if (device.precision() != Precision::kFp32) facts.precision = ToString(device.precision());
  facts.inactive = InactiveKeys(device, config);
}

}  // namespace

BannerFacts GatherBannerFacts(const Graph& graph, const Config& config) {
  BannerFacts facts;
  if (const auto* device = FindComponent<Device>(graph)) AddDevice(*device, config, facts);
  if (const auto* dataset = FindComponent<ImageDataset>(graph)) {
    facts.dataset = dataset->Description();
  }
  if (const auto* run_dir = FindComponent<RunDir>(graph)) facts.run_dir = run_dir->path();
  facts.batch_size = config.GetOr("data.batch_size", 0);
  facts.accumulation = 0;
  if (FindComponent<ForwardBackward>(graph) != nullptr) {
    facts.accumulation = BatchesAStep(config, facts.batch_size);
    facts.negatives = Negatives(config, facts);
  }
  facts.workers = graph.def().workers;
  facts.pool_bytes = graph.pool_bytes();
  facts.sample_slots = graph.settings().sample_slots;
  if (const auto* cache = FindComponent<DecodedCache>(graph)) {
    facts.cache_bytes = cache->ceiling_bytes();
  }
  return facts;
}

}  // namespace flowtrain
