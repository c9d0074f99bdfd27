#include "tools/timing/trace_flows.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <span>
#include <tuple>

namespace flowtrain {
namespace {

// The calls of one packet, as indices, by begin.
using Way = std::span<const size_t>;

class Flows {
 public:
  Flows(const std::vector<TraceCall>& calls, uint64_t rows, uint64_t window)
      : calls_(calls), rows_(rows), window_(window) {}

  std::vector<FlowPoint> Find() {
    SortCalls();
    for (size_t begin = 0; begin < order_.size();) {
      const size_t end = EndOfGroup(begin);
      AddGroup(begin, end);
      begin = end;
    }
    std::stable_sort(points_.begin(), points_.end(),
                     [](const FlowPoint& a, const FlowPoint& b) { return a.call < b.call; });
    return std::move(points_);
  }

 private:
  const TraceCall& CallAt(size_t place) const { return calls_[order_[place]]; }

  // The packet of the next stream that this one becomes part of. (A step becomes part of none.)
  uint64_t Whole(const TraceCall& call) const {
    if (call.stream == Stream::kSample) return call.seq / rows_;
    return call.stream == Stream::kBatch ? call.seq / window_ : call.seq;
  }

  void SortCalls() {
    order_.reserve(calls_.size());
    for (size_t i = 0; i < calls_.size(); ++i) {
      if (calls_[i].end_ns > calls_[i].begin_ns) order_.push_back(i);
    }
    std::sort(order_.begin(), order_.end(), [this](size_t a, size_t b) {
      const TraceCall &x = calls_[a], &y = calls_[b];
      return std::tie(x.stream, x.seq, x.begin_ns, a) < std::tie(y.stream, y.seq, y.begin_ns, b);
    });
  }

  // Packets that become one whole are adjacent, as their numbers are consecutive.
  size_t EndOfGroup(size_t begin) const {
    const TraceCall& first = CallAt(begin);
    size_t end = begin + 1;
    while (end < order_.size() && CallAt(end).stream == first.stream &&
           Whole(CallAt(end)) == Whole(first)) {
      ++end;
    }
    return end;
  }

  void AddGroup(size_t begin, size_t end) {
    const size_t next = FirstCallOfWhole(CallAt(begin));
    const size_t last = LastToEnd(begin, end);
    while (begin < end) {
      size_t after = begin + 1;
      while (after < end && CallAt(after).seq == CallAt(begin).seq) ++after;
      Way way(order_.data() + begin, after - begin);
      const bool completes = begin <= last && last < after && next < calls_.size() &&
                             calls_[next].begin_ns >= calls_[way.back()].begin_ns;
      AddWay(way, completes ? Way(&next, 1) : Way());
      begin = after;
    }
  }

  // Index of the call, or calls_.size() if there is none.
  size_t FirstCallOfWhole(const TraceCall& call) const {
    if (call.stream == Stream::kStep) return calls_.size();
    const Stream stream = call.stream == Stream::kSample ? Stream::kBatch : Stream::kStep;
    const uint64_t seq = Whole(call);
    const auto at = std::partition_point(order_.begin(), order_.end(), [&](size_t index) {
      return std::tie(calls_[index].stream, calls_[index].seq) < std::tie(stream, seq);
    });
    const bool there = at != order_.end() && calls_[*at].stream == stream && calls_[*at].seq == seq;
    return there ? *at : calls_.size();
  }

  size_t LastToEnd(size_t begin, size_t end) const {
    size_t last = begin;
    for (size_t i = begin; i < end; ++i) {
      if (CallAt(i).end_ns >= CallAt(last).end_ns) last = i;
    }
    return last;
  }

  void AddWay(Way way, Way onwards) {
    const size_t length = way.size() + onwards.size();
    if (length < 2) return;
    const TraceCall& packet = calls_[way.front()];
    for (size_t i = 0; i < length; ++i) {
      const size_t call = i < way.size() ? way[i] : onwards[i - way.size()];
      const auto part = i == 0            ? FlowPoint::Part::kBegin
                        : i + 1 == length ? FlowPoint::Part::kEnd
                                          : FlowPoint::Part::kMiddle;
      points_.push_back({call, part, packet.stream, packet.seq});
    }
  }

  const std::vector<TraceCall>& calls_;
  const uint64_t rows_, window_;
  std::vector<size_t> order_;  // calls by packet, each packet's by begin
  std::vector<FlowPoint> points_;
};

}  // namespace

std::vector<FlowPoint> FindFlows(const std::vector<TraceCall>& calls, uint64_t rows,
                                 uint64_t window) {
  return Flows(calls, std::max<uint64_t>(rows, 1), std::max<uint64_t>(window, 1)).Find();
}

}  // namespace flowtrain
