#include "nodes/check/check_summary.h"

#include <algorithm>
#include <map>
#include <set>

namespace flowtrain {
namespace {

uint64_t PixelCount(const CheckedImage& image) {
  return static_cast<uint64_t>(image.height) * static_cast<uint64_t>(image.width);
}

std::vector<FormatSummary> FormatsOf(const CheckResult& result) {
  std::map<std::string, std::vector<const CheckedImage*>> by_name;
  for (const CheckedImage& image : result.images) {
    if (image.bad.empty()) by_name[image.format].push_back(&image);
  }
  std::vector<FormatSummary> formats;
  for (auto& [name, images] : by_name) {
    std::stable_sort(images.begin(), images.end(), [](const auto* one, const auto* two) {
      return PixelCount(*one) < PixelCount(*two);
    });
    FormatSummary format{
        name, images.size(), 0, *images.front(), *images[images.size() / 2], *images.back()};
    for (const CheckedImage* image : images) format.bytes += image->bytes;
    formats.push_back(std::move(format));
  }
  std::stable_sort(formats.begin(), formats.end(),
                   [](const auto& one, const auto& two) { return one.images > two.images; });
  return formats;
}

std::vector<ClassSummary> ClassesOf(const CheckResult& result,
                                    const std::vector<std::string>& names) {
  std::vector<ClassSummary> classes;
  classes.reserve(names.size());
  for (const std::string& name : names) classes.push_back({name, 0, 0});
  for (const CheckedImage& image : result.images) {
    if (!image.bad.empty() || image.label < 0) continue;
    if (static_cast<size_t>(image.label) >= classes.size()) continue;
    ClassSummary& one = classes[static_cast<size_t>(image.label)];
    ++(image.judged_on ? one.judged_on : one.trained);
  }
  return classes;
}

// Of each image to judge on in a group, the first to train on in it, but for those that are `known`.
std::vector<Leak> LeaksIn(const CheckResult& result, const Group& group, bool exact,
                          std::set<uint64_t>* known) {
  std::vector<Leak> leaks;
  const auto trained = std::find_if(
      group.begin(), group.end(), [&](uint64_t place) { return !result.images[place].judged_on; });
  if (trained == group.end()) return leaks;
  for (const uint64_t place : group) {
    if (result.images[place].judged_on && known->insert(place).second) {
      leaks.push_back({place, *trained, exact});
    }
  }
  return leaks;
}

// The copies of images, which are not compared again, in the groups of those images.
class Copies {
 public:
  explicit Copies(const CheckResult& result) {
    for (const Group& group : result.copies) of_[group.front()] = &group;
  }

  Group AddTo(const Group& alike) const {
    Group group;
    for (const uint64_t place : alike) {
      const auto found = of_.find(place);
      if (found == of_.end()) {
        group.push_back(place);
      } else {
        group.insert(group.end(), found->second->begin(), found->second->end());
      }
    }
    std::sort(group.begin(), group.end());
    return group;
  }

 private:
  std::map<uint64_t, const Group*> of_;
};

void FindLeaks(const CheckResult& result, CheckSummary* summary) {
  const Copies copies(result);
  std::set<uint64_t> known;
  const auto add = [&](const Group& group, bool exact) {
    const std::vector<Leak> leaks = LeaksIn(result, group, exact, &known);
    summary->leaks.insert(summary->leaks.end(), leaks.begin(), leaks.end());
  };
  for (const Group& group : result.copies) add(group, true);
  for (const Group& group : result.alike) add(copies.AddTo(group), false);
  for (const SimilarGroup& group : result.similar) {
    for (const Leak& leak : LeaksIn(result, copies.AddTo(group.images), false, &known)) {
      summary->similar_leaks.push_back({leak.judged, leak.trained, group.similarity});
    }
  }
}

void CountCopies(const CheckResult& result, CheckSummary* summary) {
  for (const Group& group : result.copies) {
    summary->copies += group.size() - 1;
    std::set<int32_t> labels;
    uint64_t trained = 0;
    for (const uint64_t place : group) {
      if (result.images[place].label >= 0) labels.insert(result.images[place].label);
      trained += result.images[place].judged_on ? 0 : 1;
    }
    summary->other_labels += labels.size() > 1 ? 1 : 0;
    summary->trained_copies += trained > 1 ? trained - 1 : 0;
  }
  for (const Group& group : result.alike) summary->alike += group.size() - 1;
  for (const SimilarGroup& group : result.similar) summary->similar += group.images.size() - 1;
}

void SumSeconds(const CheckResult& result, CheckSummary* summary) {
  std::vector<double> seconds;
  for (const CheckedImage& image : result.images) {
    if (image.bad.empty() && !image.judged_on) seconds.push_back(image.seconds);
  }
  if (seconds.empty()) return;
  std::sort(seconds.begin(), seconds.end(), std::greater<>());
  const size_t slowest = std::max<size_t>(1, seconds.size() / 100);
  double of_slowest = 0;
  for (size_t i = 0; i < seconds.size(); ++i) {
    summary->decode_seconds += seconds[i];
    if (i < slowest) of_slowest += seconds[i];
  }
  if (summary->decode_seconds > 0) summary->slowest_share = of_slowest / summary->decode_seconds;
}

}  // namespace

CheckSummary Summarise(const CheckResult& result, const std::vector<std::string>& classes) {
  CheckSummary summary;
  for (uint64_t place = 0; place < result.images.size(); ++place) {
    const CheckedImage& image = result.images[place];
    if (image.bad.empty()) {
      ++(image.judged_on ? summary.judged_on : summary.trained);
      continue;
    }
    summary.bad.push_back(place);
    if (!image.judged_on) ++summary.trained_bad;
  }
  summary.formats = FormatsOf(result);
  summary.classes = ClassesOf(result, classes);
  FindLeaks(result, &summary);
  CountCopies(result, &summary);
  SumSeconds(result, &summary);
  return summary;
}

}  // namespace flowtrain
