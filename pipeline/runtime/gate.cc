#include "pipeline/runtime/gate.h"

#include <algorithm>

namespace flowtrain {
namespace {

double Ratio(uint64_t part, double whole) {
  return whole > 0 ? static_cast<double>(part) / whole : 0.0;
}

}  // namespace

double NodeCounters::service_mean_us() const {
  return Ratio(service_ns, static_cast<double>(messages)) / 1e3;
}

double NodeCounters::busy() const {
  return Ratio(service_ns, static_cast<double>(elapsed_ns) * limit);
}

double NodeCounters::saturated() const {
  return Ratio(saturated_ns, static_cast<double>(elapsed_ns));
}

double NodeCounters::starved() const { return Ratio(starved_ns, static_cast<double>(elapsed_ns)); }

double NodeCounters::cpu_share() const {
  if (cpu_service_ns == 0) return 1.0;
  return std::min(1.0, Ratio(cpu_ns, static_cast<double>(cpu_service_ns)));
}

NodeCounters NodeCounters::Since(const NodeCounters& earlier) const {
  NodeCounters since = *this;
  since.messages -= earlier.messages;
  since.bad -= earlier.bad;
  since.service_ns -= earlier.service_ns;
  since.wait_ns -= earlier.wait_ns;
  since.saturated_ns -= earlier.saturated_ns;
  since.starved_ns -= earlier.starved_ns;
  since.elapsed_ns -= earlier.elapsed_ns;
  since.cpu_ns -= earlier.cpu_ns;
  since.cpu_service_ns -= earlier.cpu_service_ns;
  since.service -= earlier.service;
  since.wait -= earlier.wait;
  return since;
}

bool Gate::Enter(Packet* packet, uint64_t now_ns) {
  const std::lock_guard lock(mutex_);
  Account(now_ns);
  if (busy_ < limit_) {
    ++busy_;
    return true;
  }
  waiting_.push_back(packet);
  figures_.deepest_queue = std::max(figures_.deepest_queue, waiting_.size());
  return false;
}

Packet* Gate::Leave(const Call& call) {
  const std::lock_guard lock(mutex_);
  Account(call.end_ns);
  ++figures_.messages;
  figures_.bad += call.bad ? 1 : 0;
  figures_.service_ns += call.service_ns;
  figures_.wait_ns += call.wait_ns;
  figures_.service.Add(call.service_ns);
  figures_.wait.Add(call.wait_ns);
  if (call.cpu_measured) {
    figures_.cpu_ns += call.cpu_ns;
    figures_.cpu_service_ns += call.service_ns;
  }
  if (busy_ <= limit_ && !waiting_.empty()) return TakeWaiting();
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
    begin.push_back(TakeWaiting());
    ++busy_;
  }
  return begin;
}

int Gate::limit() const {
  const std::lock_guard lock(mutex_);
  return limit_;
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
  figures.queued = waiting_.size();
  if (start_ns_ == 0) return figures;
  const uint64_t now = std::max(NowNs(), changed_ns_);
  figures.elapsed_ns = now - start_ns_;
  // The last change may be long ago: that is what a stuck graph looks like.
  if (uint64_t* share = ShareNow(figures)) *share += now - changed_ns_;
  return figures;
}

uint64_t* Gate::ShareNow(NodeCounters& figures) const {
  if (waiting_.empty()) return busy_ < limit_ ? &figures.starved_ns : nullptr;
  return busy_ >= limit_ ? &figures.saturated_ns : nullptr;
}

void Gate::Account(uint64_t now_ns) {
  if (now_ns <= changed_ns_) return;
  if (uint64_t* share = ShareNow(figures_)) *share += now_ns - changed_ns_;
  changed_ns_ = now_ns;
}

Packet* Gate::TakeWaiting() {
  Packet* next = waiting_.front();
  waiting_.pop_front();
  return next;
}

}  // namespace flowtrain
