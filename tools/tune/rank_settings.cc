#include "tools/tune/rank_settings.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "nodes/distributed/rank_group.h"
#include "tools/load/load.h"

namespace flowtrain {
namespace {

constexpr double kAskEverySeconds = 0.02;

}  // namespace

std::string ToText(int number, const GraphSettings& settings) {
  std::ostringstream text;
  text << number << ' ' << settings.threads << ' ' << settings.sample_slots << ' '
       << settings.batch_slots;
  for (const int workers : settings.workers) text << ' ' << workers;
  return text.str();
}

std::optional<NumberedSettings> ToSettings(const std::string& text) {
  std::istringstream words(text);
  NumberedSettings read;
  GraphSettings& settings = read.settings;
  words >> read.number >> settings.threads >> settings.sample_slots >> settings.batch_slots;
  if (!words) return std::nullopt;
  for (int workers = 0; words >> workers;) settings.workers.push_back(workers);
  return read;
}

RankSettings::RankSettings(Graph& graph)
    : RankSettings(FindComponent<RankGroup>(graph)->Board(),
                   [&graph](const GraphSettings& settings) { graph.Apply(settings); }) {}

bool RankSettings::Apply(const GraphSettings& settings,
                         const std::function<bool(double seconds)>& pause) {
  board_.Publish(ToText(++number_, settings));
  set_(settings);
  const auto is_set = [this](const std::string& text) { return text == std::to_string(number_); };
  do {
    const std::vector<std::string> texts = board_.Published();
    if (std::all_of(texts.begin() + 1, texts.end(), is_set)) return true;
  } while (pause(kAskEverySeconds));
  return false;
}

void RankSettings::Follow() {
  const auto wanted = ToSettings(board_.Published().front());
  if (!wanted || wanted->number == number_) return;
  number_ = wanted->number;
  set_(wanted->settings);
  board_.Publish(std::to_string(number_));
}

}  // namespace flowtrain
