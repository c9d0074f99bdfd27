#include "tools/timing/op_profile.h"

#include <c10/core/DeviceType.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>
#include <utility>

#include "pipeline/base/clock.h"

namespace flowtrain {
namespace {

using torch::autograd::profiler::KinetoEvent;
using torch::profiler::impl::ActivityType;

struct Interval {
  uint64_t begin_ns, end_ns;
};

double SecondsOfUnion(std::vector<Interval> intervals) {
  std::sort(intervals.begin(), intervals.end(),
            [](const Interval& a, const Interval& b) { return a.begin_ns < b.begin_ns; });
  uint64_t end_ns = 0, sum_ns = 0;
  for (const Interval& one : intervals) {
    if (one.end_ns <= end_ns) continue;
    sum_ns += one.end_ns - std::max(one.begin_ns, end_ns);
    end_ns = one.end_ns;
  }
  return static_cast<double>(sum_ns) * 1e-9;
}

bool IsOnDevice(const KinetoEvent& event) { return event.deviceType() != c10::DeviceType::CPU; }

bool IsCopy(const std::string& name) {
  return name.rfind("Memcpy", 0) == 0 || name.rfind("Memset", 0) == 0;
}

// Sums up per operator. An operator's own time is its time less that of the operators it called on
// its thread, which lie within it.
class Summary {
 public:
  void Add(const std::vector<KinetoEvent>& events) {
    std::vector<const KinetoEvent*> host;
    for (const KinetoEvent& event : events) {
      if (!IsOnDevice(event)) host.push_back(&event);
    }
    // Of two that begin together, the longer is the caller.
    std::sort(host.begin(), host.end(), [](const KinetoEvent* a, const KinetoEvent* b) {
      if (a->startThreadId() != b->startThreadId()) return a->startThreadId() < b->startThreadId();
      if (a->startNs() != b->startNs()) return a->startNs() < b->startNs();
      return a->durationNs() > b->durationNs();
    });
    std::vector<const KinetoEvent*> callers;
    for (const KinetoEvent* event : host) {
      while (!callers.empty() && !Within(*event, *callers.back())) callers.pop_back();
      const double us = static_cast<double>(event->durationNs()) * 1e-3;
      OpTime& op = Of(event->name());
      ++op.calls;
      op.self_us += us;
      if (!callers.empty()) Of(callers.back()->name()).self_us -= us;
      callers.push_back(event);
      op_of_[event->correlationId()] = event->name();
    }
    for (const KinetoEvent& event : events) {
      if (!IsOnDevice(event)) continue;
      const auto op = op_of_.find(event.linkedCorrelationId());
      if (op != op_of_.end())
        Of(op->second).device_us += static_cast<double>(event.durationNs()) * 1e-3;
    }
  }

  std::vector<OpTime> Sorted() const {
    std::vector<OpTime> sorted;
    for (const auto& [name, op] : ops_) sorted.push_back(op);
    std::sort(sorted.begin(), sorted.end(), [](const OpTime& a, const OpTime& b) {
      return std::pair(a.device_us, a.self_us) > std::pair(b.device_us, b.self_us);
    });
    return sorted;
  }

 private:
  static bool Within(const KinetoEvent& inner, const KinetoEvent& outer) {
    return inner.startThreadId() == outer.startThreadId() && inner.endNs() <= outer.endNs();
  }

  OpTime& Of(const std::string& name) {
    OpTime& op = ops_[name];
    op.name = name;
    return op;
  }

  std::map<std::string, OpTime> ops_;
  std::unordered_map<uint64_t, std::string> op_of_;
};

std::set<ActivityType> Activities(bool gpu) {
  if (!gpu) return {ActivityType::CPU};
  return {ActivityType::CPU, ActivityType::CUDA};
}

torch::profiler::impl::ProfilerConfig Configuration() {
  return torch::profiler::impl::ProfilerConfig(torch::profiler::impl::ProfilerState::KINETO);
}

// The profiler's times are on the wall clock.
int64_t WallAheadNs() {
  const auto wall_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
  return static_cast<int64_t>(wall_ns) - static_cast<int64_t>(NowNs());
}

}  // namespace

OpProfile::OpProfile(Graph& graph, bool gpu) : graph_(graph) {
  // Its library prints to standard error what is not an error here, such as a machine without a
  // GPU, or a call on a thread other than the one that loaded it.
  setenv("KINETO_LOG_LEVEL", "5", 0);
  torch::autograd::profiler::prepareProfiler(Configuration(), Activities(gpu));
  // The profiler belongs to the thread that starts it; what autograd runs for it counts too.
  graph_.CallOnLane([gpu] {
    torch::autograd::profiler::enableProfiler(
        Configuration(), Activities(gpu),
        {at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION});
  });
  begin_ns_ = NowNs();
}

OpProfileResult OpProfile::Stop() {
  OpProfileResult result;
  graph_.CallOnLane([&] {
    result.seconds = static_cast<double>(NowNs() - begin_ns_) * 1e-9;
    const auto seen = torch::autograd::profiler::disableProfiler();
    Summary summary;
    summary.Add(seen->events());
    result.ops = summary.Sorted();
    const int64_t ahead_ns = WallAheadNs();
    std::vector<Interval> copies, kernels;
    for (const KinetoEvent& event : seen->events()) {
      if (!IsOnDevice(event)) continue;
      const bool copy = IsCopy(event.name());
      (copy ? copies : kernels).push_back({event.startNs(), event.endNs()});
      result.device.push_back(
          {event.name(), copy,
           static_cast<uint64_t>(static_cast<int64_t>(event.startNs()) - ahead_ns),
           static_cast<uint64_t>(static_cast<int64_t>(event.endNs()) - ahead_ns)});
    }
    result.copy_share = SecondsOfUnion(std::move(copies)) / result.seconds;
    result.compute_share = SecondsOfUnion(std::move(kernels)) / result.seconds;
  });
  return result;
}

nlohmann::json OpsJson(const OpProfileResult& result) {
  nlohmann::json ops = nlohmann::json::array();
  for (const OpTime& op : result.ops) {
    ops.push_back({{"name", op.name},
                   {"calls", op.calls},
                   {"self_us", op.self_us},
                   {"device_us", op.device_us}});
  }
  return ops;
}

}  // namespace flowtrain
