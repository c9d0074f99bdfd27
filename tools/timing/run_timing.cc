#include "tools/timing/run_timing.h"

#include <chrono>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "pipeline/base/files/new_file.h"
#include "pipeline/base/log.h"
#include "tools/load/machine.h"
#include "tools/timing/setting_limits.h"
#include "tools/timing/timing_json.h"
#include "tools/timing/timing_text.h"

namespace flowtrain {
namespace {

constexpr uint64_t kWarmUpSteps = 5;
constexpr double kSliceSeconds = 0.25;  // to begin with
constexpr double kRecentSeconds = 10;
constexpr std::chrono::seconds kWriteEvery{60};

}  // namespace

RunTiming::RunTiming(const Graph& graph, const Registry& registry, std::string device,
                     std::function<GpuStatus()> gpu, std::string folder)
    : graph_(graph),
      registry_(registry),
      device_(std::move(device)),
      folder_(std::move(folder)),
      recorder_(graph, kWarmUpSteps, kSliceSeconds, std::move(gpu)),
      thread_([this] { Loop(); }) {}

RunTiming::~RunTiming() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
  Write();
}

std::string RunTiming::RecentText() const {
  const std::optional<Snapshot> part = recorder_.Recent(kRecentSeconds);
  if (!part || part->images() == 0) return "no timing yet: the run is in its first seconds\n";
  const double cores = ThisMachine().cores;
  return TimingText(TimingJson({graph_.def(),
                                registry_,
                                device_,
                                *part,
                                0,
                                {},
                                LoadOf(*part, cores),
                                LimitsFor(graph_.def(), cores),
                                false,
                                recorder_.RecentGpu(kRecentSeconds)}));
}

void RunTiming::Loop() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kWriteEvery, [this] { return stop_; })) {
    lock.unlock();
    Write();
    lock.lock();
  }
}

void RunTiming::Write() {
  const std::optional<Snapshot> part = recorder_.Measured();
  if (folder_.empty() || !part || part->images() == 0) return;
  try {
    const double cores = ThisMachine().cores;
    const std::string text =
        TimingJson({graph_.def(), registry_, device_, *part, recorder_.measured_steps(),
                    recorder_.slices(), LoadOf(*part, cores), LimitsFor(graph_.def(), cores), false,
                    recorder_.MeasuredGpu()})
            .dump(1);
    WriteNewFile(folder_ + "/timing.json", text);
  } catch (const std::exception& error) {
    if (!std::exchange(warned_, true)) LogWarning(std::string("no timing.json: ") + error.what());
  }
}

}  // namespace flowtrain
