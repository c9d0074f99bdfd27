#include "tools/tune/live_try.h"

#include <algorithm>

namespace flowtrain {
namespace {

constexpr double kPollSeconds = 0.002;
constexpr double kLongestSettling = 5;   // seconds
constexpr double kLongestTry = 20;       // times what was asked for
constexpr uint64_t kFewestImages = 200;  // that a rate may be computed from

}  // namespace

std::optional<Snapshot> LiveTry::operator()(const GraphSettings& settings, double seconds) const {
  if (!(graph_.settings() == settings)) {
    if (!Set(settings) || !Settle(settings)) return std::nullopt;
  }
  const Snapshot begin = graph_.snapshot();
  Snapshot part;
  // A slow graph gets the time for a few hundred images; otherwise the result is chance.
  do {
    if (!pause_(seconds)) return std::nullopt;
    part = graph_.snapshot().Since(begin);
  } while (part.images() < kFewestImages && part.seconds() < kLongestTry * seconds);
  return part;
}

bool LiveTry::Set(const GraphSettings& settings) const {
  if (apply_) return apply_(settings);
  graph_.Apply(settings);
  return true;
}

// Waits until as many images have come through as were in flight, or could be.
bool LiveTry::Settle(const GraphSettings& settings) const {
  const Snapshot begin = graph_.snapshot();
  const auto in_flight =
      static_cast<uint64_t>(settings.sample_slots + settings.batch_slots * rows_);
  for (;;) {
    if (!pause_(kPollSeconds)) return false;
    const Snapshot part = graph_.snapshot().Since(begin);
    if (part.images() >= in_flight || part.seconds() >= kLongestSettling) return true;
  }
}

}  // namespace flowtrain
