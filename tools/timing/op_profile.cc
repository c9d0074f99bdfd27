#include "tools/timing/op_profile.h"

#include <c10/core/DeviceType.h>
#include <kineto/ActivityType.h>
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

bool IsOnDevice(const KinetoEvent& event) { return event.deviceType() != c10::DeviceType::CPU; }

bool IsCopy(const std::string& name) {
  return name.rfind("Memcpy", 0) == 0 || name.rfind("Memset", 0) == 0;
}

// Sums up per operator. An operator's own time is its time less that of the operators it called on
// its thread, which lie within it.
class Summary {
 public:
  void Add(const std::vector<ProfiledEvent>& events) {
    std::vector<const ProfiledEvent*> operators;
    for (const ProfiledEvent& event : events) {
      if (!event.on_device && event.linked == 0) operators.push_back(&event);
    }
    // Of two that begin together, the longer is the caller.
    std::sort(operators.begin(), operators.end(),
              [](const ProfiledEvent* a, const ProfiledEvent* b) {
                if (a->thread != b->thread) return a->thread < b->thread;
                if (a->begin_ns != b->begin_ns) return a->begin_ns < b->begin_ns;
                return a->end_ns > b->end_ns;
              });
    std::vector<const ProfiledEvent*> callers;
    for (const ProfiledEvent* event : operators) {
      while (!callers.empty() && !Within(*event, *callers.back())) callers.pop_back();
      const double us = Microseconds(*event);
      OpTime& op = Of(event->name);
      ++op.calls;
      op.self_us += us;
      if (!callers.empty()) Of(callers.back()->name).self_us -= us;
      callers.push_back(event);
      if (event->correlation != 0) op_of_[event->correlation] = event->name;
    }
    for (const ProfiledEvent& event : events) {
      if (!event.on_device) continue;
      const auto op = op_of_.find(event.linked);
      if (op != op_of_.end()) Of(op->second).device_us += Microseconds(event);
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
  static double Microseconds(const ProfiledEvent& event) {
    return static_cast<double>(event.end_ns - event.begin_ns) * 1e-3;
  }
  static bool Within(const ProfiledEvent& inner, const ProfiledEvent& outer) {
    return inner.thread == outer.thread && inner.end_ns <= outer.end_ns;
  }

  OpTime& Of(const std::string& name) {
    OpTime& op = ops_[name];
    op.name = name;
    return op;
  }

  std::map<std::string, OpTime> ops_;
  std::unordered_map<uint64_t, std::string> op_of_;
};

std::vector<ProfiledEvent> Read(const std::vector<KinetoEvent>& seen) {
  std::vector<ProfiledEvent> events;
  events.reserve(seen.size());
  for (const KinetoEvent& event : seen) {
    const bool is_operator =
        event.activityType() == static_cast<uint8_t>(libkineto::ActivityType::CPU_OP);
    events.push_back({event.name(), IsOnDevice(event), event.startThreadId(), event.startNs(),
                      event.endNs(), is_operator ? event.correlationId() : 0,
                      event.linkedCorrelationId()});
  }
  return events;
}

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

std::vector<OpTime> SumUpOperators(const std::vector<ProfiledEvent>& events) {
  Summary summary;
  summary.Add(events);
  return summary.Sorted();
}

double ShareOfTime(const std::vector<DeviceWork>& device, bool copies, uint64_t begin_ns,
                   uint64_t end_ns) {
  std::vector<std::pair<uint64_t, uint64_t>> intervals;  // begin and end
  for (const DeviceWork& work : device) {
    if (work.copy == copies) intervals.emplace_back(work.begin_ns, work.end_ns);
  }
  std::sort(intervals.begin(), intervals.end());
  uint64_t busy_ns = 0, until_ns = begin_ns;  // until then all is counted
  for (auto [first, last] : intervals) {
    first = std::max(first, until_ns);
    last = std::min(last, end_ns);
    if (first >= last) continue;
    busy_ns += last - first;
    until_ns = last;
  }
  return static_cast<double>(busy_ns) / static_cast<double>(end_ns - begin_ns);
}

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
    const uint64_t end_ns = NowNs();
    result.seconds = static_cast<double>(end_ns - begin_ns_) * 1e-9;
    const auto seen = torch::autograd::profiler::disableProfiler();
    result.ops = SumUpOperators(Read(seen->events()));
    const int64_t ahead_ns = WallAheadNs();
    for (const KinetoEvent& event : seen->events()) {
      if (!IsOnDevice(event)) continue;
      result.device.push_back(
          {event.name(), IsCopy(event.name()),
           static_cast<uint64_t>(static_cast<int64_t>(event.startNs()) - ahead_ns),
           static_cast<uint64_t>(static_cast<int64_t>(event.endNs()) - ahead_ns)});
    }
    result.copy_share = ShareOfTime(result.device, true, begin_ns_, end_ns);
    result.compute_share = ShareOfTime(result.device, false, begin_ns_, end_ns);
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
