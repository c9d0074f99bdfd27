#include "tools/banner_facts.h"

#include <string>
#include <vector>

#include "nodes/cache/decoded_cache.h"
#include "nodes/report/run_dir.h"
#include "nodes/source/dataset.h"
#include "nodes/train/device.h"
#include "tools/load.h"

namespace flowtrain {
namespace {

template <typename T>
T ParameterOr(const Config& config, const char* key, T fallback) {
  return config.Find(key) == nullptr ? fallback : config.Get<T>(key);
}

// Keys that do nothing here.
std::vector<std::string> InactiveKeys(const Device& device, const Config& config) {
  std::vector<std::string> keys;
  if (!device.is_cuda()) {
    for (const char* key : {"gpu.cudnn_benchmark", "gpu.empty_cache_freq", "data.pin_memory"}) {
      if (config.Find(key) != nullptr) keys.emplace_back(key);
    }
  }
  if (device.precision() == Precision::kFp32 && ParameterOr(config, "gpu.mixed_precision", false)) {
    keys.emplace_back("gpu.mixed_precision");  // this CPU does not compute in BF16
  }
  return keys;
}

void AddDevice(const Device& device, const Config& config, BannerFacts& facts) {
  facts.gpu = device.is_cuda();
  facts.device = device.Name();
  facts.device_bytes = device.TotalBytes();
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
  facts.batch_size = ParameterOr(config, "data.batch_size", 0);
  facts.accumulation = ParameterOr(config, "gpu.gradient_accumulation", 1);
  facts.workers = graph.def().workers;
  facts.pool_bytes = graph.pool_bytes();
  if (const auto* cache = FindComponent<DecodedCache>(graph)) {
    facts.cache_bytes = cache->ceiling_bytes();
  }
  return facts;
}

}  // namespace flowtrain
