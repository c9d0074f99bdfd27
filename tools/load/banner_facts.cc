#include "tools/load/banner_facts.h"

#include <string>
#include <vector>

#include "nodes/data/cache/decoded_cache.h"
#include "nodes/data/dataset.h"
#include "nodes/device/device.h"
#include "nodes/run/run_dir.h"
#include "nodes/source/epoch_source.h"
#include "nodes/source/ordered_source.h"
#include "nodes/train/forward_backward.h"
#include "nodes/train/optimizer/optimizer.h"
#include "pipeline/base/text/units.h"
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

// "0.06"; where the effective batch scales it, "0.06 x 512 / 256 = 0.12".
std::string ScaledRate(const ScheduleOptions& options, double base, int images) {
  const std::string given = ShowNumber(options.learning_rate), n = std::to_string(images);
  switch (options.lr_scaling) {
    case LrScaling::kNone:
      return given;
    case LrScaling::kLinear:
      return given + " x " + n + " / 256 = " + ShowNumber(base);
    case LrScaling::kSqrt:
      return given + " x sqrt(" + n + ") = " + ShowNumber(base);
  }
  return given;
}

// The learning rates of a run whose steps take `images` each.
std::string DescribeRates(const Optimizer& optimizer, const EpochSource& source, int images) {
  const uint64_t steps = source.total_steps();
  const LrSchedule schedule = optimizer.Schedule(source.plan().steps_per_epoch(), steps, images);
  const std::string rate = ScaledRate(optimizer.schedule(), schedule.base, images);
  if (schedule.warmup_steps >= steps) {
    const double reached = steps == 0 ? 0 : schedule.At(steps - 1);
    return "rises to " + ShowNumber(reached) + ": the run ends after " + ShowCount(steps) +
           " of the " + ShowCount(schedule.warmup_steps) + " steps of the warm-up to " + rate;
  }
  std::string text = rate;
  if (schedule.warmup_steps > 0) {
    text += " after a warm-up of " + ShowCount(schedule.warmup_steps, "step");
  }
  return text + ", then along a cosine to 0 at step " + ShowCount(steps);
}

// Of the steps that the run will make.
void AddSteps(const EpochSource& source, const ForwardBackward& training, BannerFacts& facts) {
  const EpochPlan& plan = source.plan();
  facts.batch_size = source.rows();
  facts.accumulation = plan.whole_window();
  if (plan.asked_window() > plan.batches_per_epoch()) {
    facts.asked_accumulation = static_cast<int>(plan.asked_window());
  }
  facts.negatives = training.Negatives(int64_t{facts.batch_size} * facts.accumulation).value_or(0);
  const uint64_t epoch = plan.steps_per_epoch();
  const uint64_t last_of_epoch = source.first_step() / epoch * epoch + epoch - 1;
  if (plan.last_window() == facts.accumulation || last_of_epoch >= source.total_steps()) return;
  facts.last_accumulation = plan.last_window();
  const int64_t fewer =
      training.Negatives(int64_t{facts.batch_size} * plan.last_window()).value_or(0);
  if (fewer != facts.negatives) facts.last_negatives = fewer;
}

void AddDevice(const Device& device, const Config& config, BannerFacts& facts) {
  facts.gpu = device.is_accelerator();
  facts.device = device.Name();
  facts.device_bytes = device.TotalBytes();
  if (device.RoomBytes() < facts.device_bytes) facts.device_free_bytes = device.RoomBytes();
  if (device.memory_fraction() < 1) {
    facts.device_limited_by =
        device.limited_by_default()
            ? "what was free at the start, less a reserve; gpu.memory_limit sets another limit"
            : "gpu.memory_limit";
    facts.device_limit_bytes =
        static_cast<size_t>(device.memory_fraction() * static_cast<double>(facts.device_bytes));
  }
  facts.cudnn_benchmark = device.cudnn_benchmark();
  if (device.precision() != Precision::kFp32) facts.precision = ToString(device.precision());
  facts.inactive = InactiveKeys(device, config);
}

}  // namespace

BannerFacts GatherBannerFacts(Graph& graph, const Config& config) {
  BannerFacts facts;
  if (const auto* device = FindComponent<Device>(graph)) AddDevice(*device, config, facts);
  if (const auto* dataset = FindComponent<ImageDataset>(graph)) {
    facts.dataset = dataset->Description();
  }
  if (const auto* run_dir = FindComponent<RunDir>(graph)) facts.run_dir = run_dir->path();
  if (const auto* source = FindComponent<OrderedSource>(graph))
    facts.dataset = source->Description();
  facts.accumulation = 0;
  const auto* source = FindComponent<EpochSource>(graph);
  auto* training = FindComponent<ForwardBackward>(graph);
  if (source != nullptr && training != nullptr) {
    AddSteps(*source, *training, facts);
    const int64_t window_images =
        training->OwnImages(int64_t{facts.batch_size} * facts.accumulation);
    graph.CallOnLane([&] {
      const ForwardBackward::Passes passes = training->PlanPasses(window_images);
      facts.passes = passes.count;
      facts.graph_bytes = passes.graph_bytes;
    });
    if (const auto* optimizer = FindComponent<Optimizer>(graph)) {
      facts.learning_rate =
          DescribeRates(*optimizer, *source, facts.batch_size * facts.accumulation);
    }
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
