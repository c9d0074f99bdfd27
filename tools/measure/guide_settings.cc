#include "tools/measure/guide_settings.h"

#include <cstdint>

#include "nodes/source/window_size.h"
#include "pipeline/config/config.h"

namespace flowtrain {
namespace {

Setting Switch(const std::string& name, const std::string& claim, const std::string& key,
               const std::string& why_not) {
  return {name, claim, {{"off", {key + "=false"}, why_not}, {"on", {key + "=true"}, why_not}}};
}

// Images per optimiser step, as configured.
int64_t EffectiveBatch(const Config& config) {
  const int batch = config.GetOr("data.batch_size", 128);
  const auto accumulation = config.GetOr<std::string>("gpu.gradient_accumulation", "1");
  return static_cast<int64_t>(batch) *
         WindowSize(accumulation, config.GetOr<int64_t>("train.effective_batch", 0), batch);
}

Setting Accumulation(const Config& config) {
  Setting setting{"gradient accumulation", "10 GB to 7 GB", {}};
  const int64_t images = EffectiveBatch(config);
  for (const int64_t micro : {1, 2, 4}) {
    if (images % micro != 0) continue;
    const std::string batch = std::to_string(images / micro);
    const bool comparable = images / micro >= 2;  // a loss compares the images of a micro-batch
    setting.variants.push_back(
        {std::to_string(micro) + " x " + batch,
         {"data.batch_size=" + batch, "gpu.gradient_accumulation=" + std::to_string(micro)},
         comparable ? "" : "a batch of " + batch + " is too small"});
  }
  return setting;
}

Setting Workers(int cores) {
  Setting setting{"workers", "6", {}};
  for (const int workers : {4, 6, 8}) {
    setting.variants.push_back(
        {std::to_string(workers),
         {"data.num_workers=" + std::to_string(workers)},
         workers <= cores ? "" : "this machine has " + std::to_string(cores) + " cores"});
  }
  return setting;
}

}  // namespace

std::vector<Setting> GuideSettings(const Config& config, const Abilities& abilities) {
  const std::string no_gpu = abilities.gpu ? "" : "there is no GPU";
  const std::string no_half =
      abilities.half_precision ? "" : "this processor does not compute in half precision";
  std::vector<Setting> settings;
  settings.push_back(
      Switch("mixed precision", "1.5 to 2x, half the memory", "gpu.mixed_precision", no_half));
  settings.push_back(Switch("cuDNN benchmark", "5 to 10%", "gpu.cudnn_benchmark", no_gpu));
  settings.push_back(Switch("pinned memory", "faster copies", "data.pin_memory", no_gpu));
  settings.push_back(Accumulation(config));
  settings.push_back(Workers(abilities.cores));
  settings.push_back({"cache emptying",
                      "less fragmentation",
                      {{"never", {"gpu.empty_cache_freq=0"}, no_gpu},
                       {"every epoch", {"gpu.empty_cache_freq=1"}, no_gpu}}});
  return settings;
}

}  // namespace flowtrain
