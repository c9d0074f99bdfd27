#include "pipeline/gate.h"

#include <algorithm>

#include "pipeline/clock.h"

namespace flowtrain {

double NodeCounters::service_mean_us() const {
  return messages == 0 ? 0.0
                       : static_cast<double>(service_ns) / static_cast<double>(messages) / 1e3;
}

double NodeCounters::busy() const {
  const double available = static_cast<double>(elapsed_ns) * limit;
  return available > 0 ? static_cast<double>(service_ns) / available : 0.0;
}

double NodeCounters::saturated() const {
  return elapsed_ns == 0 ? 0.0
                         : static_cast<double>(saturated_ns) / static_cast<double>(elapsed_ns);
}

bool Gate::Enter(Packet* packet) {
  const uint64_t now = NowNs();
  const std::lock_guard lock(mutex_);
  Account(now);
  if (busy_ < limit_) {
    ++busy_;
    return true;
  }
  waiting_.push_back({packet, now});
  figures_.deepest_queue = std::max(figures_.deepest_queue, waiting_.size());
  return false;
}

Packet* Gate::Leave(uint64_t service_ns, bool bad) {
  const uint64_t now = NowNs();
  const std::lock_guard lock(mutex_);
  Account(now);
  ++figures_.messages;
  figures_.bad += bad ? 1 : 0;
  figures_.service_ns += service_ns;
  if (busy_ <= limit_ && !waiting_.empty()) return TakeWaiting(now);
  --busy_;
  return nullptr;
}

std::vector<Packet*> Gate::SetLimit(int limit) {
  const uint64_t now = NowNs();
  const std::lock_guard lock(mutex_);
  Account(now);
  limit_ = std::max(1, limit);
  std::vector<Packet*> begin;
  while (busy_ < limit_ && !waiting_.empty()) {
    begin.push_back(TakeWaiting(now));
    ++busy_;
  }
  return begin;
}

void Gate::ResetCounters() {
  const std::lock_guard lock(mutex_);
  figures_ = NodeCounters{};
  start_ns_ = changed_ns_ = NowNs();
}

NodeCounters Gate::counters() const {
  const std::lock_guard lock(mutex_);
  NodeCounters figures = figures_;
  figures.limit = limit_;
  figures.elapsed_ns = start_ns_ == 0 ? 0 : NowNs() - start_ns_;
  return figures;
}

void Gate::Account(uint64_t now_ns) {
  if (busy_ >= limit_ && !waiting_.empty() && now_ns > changed_ns_) {
    figures_.saturated_ns += now_ns - changed_ns_;
  }
  changed_ns_ = std::max(changed_ns_, now_ns);
}

Packet* Gate::TakeWaiting(uint64_t now_ns) {
  const Waiting next = waiting_.front();
  waiting_.pop_front();
  figures_.wait_ns += now_ns > next.since_ns ? now_ns - next.since_ns : 0;
  return next.packet;
}

}  // namespace flowtrain
