#include "nodes/report/progress.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

std::string Counted(uint64_t n, const char* one) {
  return ShowCount(n) + ' ' + one + (n == 1 ? "" : "s");
}

constexpr int kShortestBar = 8, kLongestBar = 30;  // cells

// A figure of the line. Where the terminal is narrow the field of the highest rank goes first.
struct Field {
  std::string text;
  int rank;
};

std::string OutOf(uint64_t n, uint64_t total) {
  return total == 0 ? std::to_string(n) : std::to_string(n) + '/' + std::to_string(total);
}

// "VRAM 4.2 GiB (peak 5.1 GiB) of 12.0 GiB"
std::string Vram(const Progress& p) {
  std::string text = "VRAM " + ShowGib(p.device_bytes);
  if (p.device_peak_bytes > p.device_bytes) text += " (peak " + ShowGib(p.device_peak_bytes) + ')';
  return p.device_total_bytes > 0 ? text + " of " + ShowGib(p.device_total_bytes) : text;
}

// "GPU 97%, 9.3 GiB used, 71 C, 165 W"
std::string Gpu(const GpuStatus& gpu) {
  std::string text;
  const auto add = [&](const std::string& figure) { text += (text.empty() ? "" : ", ") + figure; };
  if (gpu.utilization) add(ShowFixed(100 * *gpu.utilization, 0) + '%');
  if (gpu.used_bytes) add(ShowGib(*gpu.used_bytes) + " used");
  if (gpu.temperature_c) add(ShowFixed(*gpu.temperature_c, 0) + " C");
  if (gpu.power_w) add(ShowFixed(*gpu.power_w, 0) + " W");
  return "GPU " + text;
}

std::vector<Field> Fields(const Progress& p) {
  std::vector<Field> fields;
  fields.push_back({"epoch " + OutOf(p.epoch, p.epochs), 0});
  fields.push_back({"step " + OutOf(p.step, p.steps), 4});
  fields.push_back({"loss " + (std::isfinite(p.loss) ? ShowFixed(p.loss, 4) : "not finite"), 1});
  if (p.images_per_s) fields.push_back({ShowRate(*p.images_per_s) + " images/s", 2});
  if (p.data_wait) fields.push_back({"data wait " + ShowPercent(*p.data_wait), 5});
  fields.push_back({"lr " + ShowScientific(p.learning_rate), 7});
  if (p.device_bytes > 0) fields.push_back({Vram(p), 6});
  if (!p.gpu.empty()) fields.push_back({Gpu(p.gpu), 8});
  if (p.eta_seconds) fields.push_back({"ETA " + ShowDuration(*p.eta_seconds), 3});
  return fields;
}

std::string Join(const std::vector<Field>& fields) {
  std::string line;
  for (const Field& field : fields) line += (line.empty() ? "" : "  ") + field.text;
  return line;
}

std::string Bar(double share, int cells, bool utf8) {
  const int full = std::clamp(static_cast<int>(share * cells), 0, cells);
  std::string bar;
  for (int i = 0; i < cells; ++i) {
    if (utf8) {
      bar += i < full ? "█" : "░";
    } else {
      bar += i < full ? '#' : '-';
    }
  }
  return bar;
}

// "1234 images/s, data wait 0.3%" after `lead`; nothing where no step was timed.
std::string RateClause(const std::string& lead, const StepTotals& totals) {
  if (!totals.images_per_s()) return {};
  return lead + ShowRate(*totals.images_per_s()) + " images/s, data wait " +
         ShowPercent(*totals.data_wait());
}

}  // namespace

std::string PlainLine(const Progress& progress) { return Join(Fields(progress)); }

std::string BarLine(const Progress& progress, int columns, bool utf8) {
  std::vector<Field> fields = Fields(progress);
  // Two blanks, the bar, a blank and "100%".
  const int bar_room = progress.steps > 0 ? 2 + kShortestBar + 5 : 0;
  const auto width = [&] { return static_cast<int>(Join(fields).size()) + bar_room; };
  while (fields.size() > 1 && width() > columns) {
    fields.erase(std::max_element(
        fields.begin(), fields.end(),
        [](const Field& left, const Field& right) { return left.rank < right.rank; }));
  }
  if (progress.steps == 0 || width() > columns) {
    return Join(fields).substr(0, static_cast<size_t>(std::max(columns, 0)));
  }
  const int cells = std::min(kLongestBar, kShortestBar + columns - width());
  const double share =
      std::min(1.0, static_cast<double>(progress.step) / static_cast<double>(progress.steps));
  const std::string percent = std::to_string(static_cast<int>(100 * share)) + '%';
  fields.front().text +=
      "  " + Bar(share, cells, utf8) + ' ' + std::string(4 - percent.size(), ' ') + percent;
  return Join(fields);
}

std::string EpochSentence(uint64_t epoch, uint64_t epochs, const StepTotals& totals,
                          const EpochResults& results) {
  std::string text =
      "epoch " + OutOf(epoch, epochs) + " done in " + ShowDuration(totals.seconds()) + ": loss " +
      (totals.mean_loss() ? ShowFixed(*totals.mean_loss(), 4) : std::string("not finite")) +
      RateClause(", ", totals);
  if (totals.skipped() > 0) text += ", skipped steps: " + ShowCount(totals.skipped());
  if (results.rankme) text += ", RankMe " + ShowFixed(*results.rankme, 1);
  if (results.knn_top1) text += ", kNN top-1 " + ShowFixed(*results.knn_top1, 1) + '%';
  if (results.linear_top1) text += ", linear top-1 " + ShowFixed(*results.linear_top1, 1) + '%';
  return text;
}

std::string RunSentence(const StepTotals& totals, const std::string& run_dir) {
  return Counted(totals.steps(), "step") + ", " + Counted(totals.images(), "image") + " in " +
         ShowDuration(totals.seconds()) + RateClause(": ", totals) + "; results in " + run_dir;
}

}  // namespace flowtrain
