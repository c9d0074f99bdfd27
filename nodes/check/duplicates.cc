#include "nodes/check/duplicates.h"

#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "nodes/check/joined.h"

namespace flowtrain {
namespace {

// Of 64 bits that differ in at most kMostBits from others, one of kMostBits + 1 parts is the same.
constexpr int kParts = kMostBits + 1;

uint64_t PartOfHash(uint64_t hash, int part) {
  const int begin = 64 * part / kParts, end = 64 * (part + 1) / kParts;
  return hash >> begin & ((uint64_t{1} << (end - begin)) - 1);
}

// Places by a part of their hash: those of one value lie together.
std::vector<std::pair<uint64_t, uint64_t>> SortedByPart(std::span<const Look> looks,
                                                        std::span<const uint64_t> places,
                                                        int part) {
  std::vector<std::pair<uint64_t, uint64_t>> sorted;
  for (const uint64_t place : places) {
    sorted.emplace_back(PartOfHash(looks[place].across, part), place);
  }
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace

std::vector<Group> EqualOnes(std::span<const uint64_t> numbers, uint64_t none) {
  std::unordered_map<uint64_t, size_t> group_of;
  std::vector<Group> all;
  for (uint64_t place = 0; place < numbers.size(); ++place) {
    if (numbers[place] == none) continue;
    const auto [found, is_new] = group_of.try_emplace(numbers[place], all.size());
    if (is_new) all.emplace_back();
    all[found->second].push_back(place);
  }
  std::erase_if(all, [](const Group& group) { return group.size() < 2; });
  return all;
}

std::vector<Group> AlikeOnes(std::span<const Look> looks, std::span<const uint64_t> places,
                             const std::function<bool()>& stop) {
  Joined joined(looks.size());
  std::mutex mutex;
  for (int part = 0; part < kParts; ++part) {
    const auto sorted = SortedByPart(looks, places, part);
    tbb::parallel_for(size_t{0}, sorted.size(), [&](size_t i) {
      constexpr size_t kAskEvery = 4096;
      if (i % kAskEvery == 0 && stop()) return;
      for (size_t j = i + 1; j < sorted.size() && sorted[j].first == sorted[i].first; ++j) {
        if (!LooksLike(looks[sorted[i].second], looks[sorted[j].second])) continue;
        const std::lock_guard lock(mutex);
        joined.Join(sorted[i].second, sorted[j].second);
      }
    });
    if (stop()) break;
  }
  std::map<size_t, Group> groups;
  for (const uint64_t place : places) groups[joined.Root(place)].push_back(place);
  std::vector<Group> out;
  for (auto& [root, group] : groups) {
    std::sort(group.begin(), group.end());
    if (group.size() > 1) out.push_back(std::move(group));
  }
  return out;
}

}  // namespace flowtrain
