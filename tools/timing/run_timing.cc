#include "tools/timing/run_timing.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "pipeline/base/clock.h"
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
constexpr std::chrono::seconds kPatience{3};  // for what other ranks tell

}  // namespace

RunTiming::RunTiming(const Graph& graph, const Registry& registry, std::string device,
                     std::function<GpuStatus()> gpu, std::string folder,
                     std::optional<RankTimings> ranks)
    : graph_(graph),
      registry_(registry),
      device_(std::move(device)),
      folder_(std::move(folder)),
      ranks_(std::move(ranks)),
      began_ns_(NowNs()),
      waited_before_s_(ranks_ ? ranks_->waited_s() : 0),
      recorder_(graph, kWarmUpSteps, kSliceSeconds, std::move(gpu)),
      thread_([this] { Loop(); }) {}

RunTiming::~RunTiming() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
  Write(/*last=*/true);
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
    Write(/*last=*/false);
    lock.lock();
  }
}

void RunTiming::Write(bool last) {
  const std::optional<Snapshot> part = recorder_.Measured();
  const bool nobody_reads = folder_.empty() && !ranks_;
  if (nobody_reads || !part || part->images() == 0) return;
  try {
    const double cores = ThisMachine().cores;
    nlohmann::json timing = TimingJson(
        {graph_.def(), registry_, device_, *part, recorder_.measured_steps(), recorder_.slices(),
         LoadOf(*part, cores), LimitsFor(graph_.def(), cores), false, recorder_.MeasuredGpu()});
    if (ranks_) PutTogether(timing, last);
    if (!folder_.empty()) WriteNewFile(folder_ + "/timing.json", timing.dump(1));
  } catch (const std::exception& error) {
    if (!std::exchange(warned_, true)) LogWarning(std::string("no timing.json: ") + error.what());
  }
}

void RunTiming::PutTogether(nlohmann::json& timing, bool last) const {
  nlohmann::json own = RankTiming(ranks_->rank, timing, ranks_->waited_s() - waited_before_s_,
                                  static_cast<double>(NowNs() - began_ns_) * 1e-9);
  own["last"] = last;
  if (ranks_->rank > 0) return ranks_->publish(own.dump());
  std::vector<nlohmann::json> others;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  do {  // At the end all of them tell, at about the same time.
    others.clear();
    for (const std::string& text : ranks_->published()) {
      if (!text.empty()) others.push_back(nlohmann::json::parse(text));
    }
    const auto told = [](const nlohmann::json& rank) { return rank.at("last").get<bool>(); };
    if (!last || std::count_if(others.begin(), others.end(), told) + 1 == ranks_->ranks) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  } while (std::chrono::steady_clock::now() < end);
  timing["ranks"] = {own};
  for (nlohmann::json& rank : others) timing["ranks"].push_back(std::move(rank));
  for (nlohmann::json& rank : timing["ranks"]) rank.erase("last");
}

}  // namespace flowtrain
