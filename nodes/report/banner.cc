#include "nodes/report/banner.h"

#include <algorithm>

#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

struct Line {
  bool on;  // a tick, or a dash for what is off
  std::string label, text;
};

std::string Plural(int n, const char* one) {
  return std::to_string(n) + ' ' + one + (n == 1 ? "" : "s");
}

// "128 x 4 = 512"
std::string Product(int batch_size, int batches) {
  return std::to_string(batch_size) + " x " + std::to_string(batches) + " = " +
         std::to_string(int64_t{batch_size} * batches);
}

// Of exact accumulation: ", in one pass (2.3 GiB of activations)"
std::string Passes(const BannerFacts& facts) {
  if (facts.passes == 0) return {};
  const std::string size = facts.graph_bytes == 0 ? "" : ShowGib(facts.graph_bytes);
  if (facts.passes == 1) return ", in one pass (" + size + " of activations)";
  return ", in two passes" + (size.empty() ? "" : " (one would keep " + size + " of activations)");
}

std::string Accumulation(const BannerFacts& facts) {
  std::string text = Plural(facts.accumulation, "step");
  if (facts.asked_accumulation > 0) {
    text += ", all that an epoch has, not " + std::to_string(facts.asked_accumulation);
  }
  text += " (effective batch = " + Product(facts.batch_size, facts.accumulation);
  if (facts.last_accumulation > 0) {
    text += "; " + Product(facts.batch_size, facts.last_accumulation) + " at the end of an epoch";
  }
  return text + ')' + Passes(facts);
}

std::string Negatives(const BannerFacts& facts) {
  std::string text = ShowCount(static_cast<uint64_t>(facts.negatives)) + " per anchor";
  if (facts.last_negatives == 0) return text;
  return text + "; " + ShowCount(static_cast<uint64_t>(facts.last_negatives)) +
         " at the end of an epoch";
}

Line MemoryLine(const BannerFacts& facts) {
  // A sample slot keeps the largest image it has met, whose size is not known beforehand.
  const std::string slots =
      facts.sample_slots == 0 ? "" : ", and " + Plural(facts.sample_slots, "image") + " in flight";
  const std::string sum = "at most " + ShowGib(facts.pool_bytes + facts.cache_bytes) + slots;
  if (facts.cache_bytes == 0) return {true, "Memory of the pools", sum};
  return {true, "Memory of the pools",
          sum + ", " + ShowGib(facts.cache_bytes) + " of it the cache of decoded images"};
}

std::string Vram(const BannerFacts& facts) {
  std::string text = ShowGib(facts.device_bytes);
  if (facts.device_free_bytes > 0) text += ", " + ShowGib(facts.device_free_bytes) + " free";
  if (facts.device_limit_bytes > 0) {
    text += ", at most " + ShowGib(facts.device_limit_bytes) + " of it (" +
            facts.device_limited_by + ')';
  }
  return text;
}

std::vector<Line> DeviceLines(const BannerFacts& facts) {
  if (!facts.gpu) return {{true, "CPU", facts.device}};
  return {{true, "GPU", facts.device},
          {true, "VRAM", Vram(facts)},
          {facts.cudnn_benchmark, "cuDNN benchmark", facts.cudnn_benchmark ? "on" : "off"}};
}

std::vector<Line> Lines(const BannerFacts& facts) {
  std::vector<Line> lines = DeviceLines(facts);
  const bool mixed = !facts.precision.empty();
  lines.push_back({mixed, "Mixed precision", mixed ? facts.precision : "off (FP32)"});
  if (facts.accumulation > 0) {
    lines.push_back({true, "Gradient accumulation", Accumulation(facts)});
  }
  if (facts.negatives > 0) lines.push_back({true, "Negatives", Negatives(facts)});
  if (!facts.learning_rate.empty()) lines.push_back({true, "Learning rate", facts.learning_rate});
  lines.push_back({true, "Data set", facts.dataset});
  lines.push_back({true, "Workers", Plural(facts.workers, "thread") + " decode and augment"});
  lines.push_back(MemoryLine(facts));
  lines.push_back({true, "Run directory", facts.run_dir});
  if (!facts.inactive.empty()) {
    std::string keys;
    for (const std::string& key : facts.inactive) keys += (keys.empty() ? "" : ", ") + key;
    lines.push_back({false, facts.gpu ? "Inactive here" : "Inactive without GPU", keys});
  }
  return lines;
}

}  // namespace

std::string FormatBanner(const BannerFacts& facts, bool utf8) {
  const std::vector<Line> lines = Lines(facts);
  size_t width = 0;
  for (const Line& line : lines) width = std::max(width, line.label.size());
  std::string text;
  for (const Line& line : lines) {
    const char* mark = line.on ? (utf8 ? "✓" : "*") : "-";
    text += std::string(mark) + ' ' + line.label + ": " +
            std::string(width - line.label.size(), ' ') + line.text + '\n';
  }
  return text;
}

}  // namespace flowtrain
