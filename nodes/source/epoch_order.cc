#include "nodes/source/epoch_order.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace flowtrain {

EpochOrder::EpochOrder(uint64_t images, uint64_t seed, ImageBlocks blocks, EpochPlace end,
                       std::function<void(const std::vector<uint32_t>&)> expect)
    : images_(images),
      seed_(seed),
      blocks_(std::move(blocks)),
      end_(end),
      expect_(std::move(expect)) {
  uint64_t first = 0;
  for (const uint64_t images_of_block : blocks_.images) {
    first_ids_.push_back(first);
    first += images_of_block;
  }
  if (blocks_.mixed > 0) groups_ = (first_ids_.size() + blocks_.mixed - 1) / blocks_.mixed;
}

uint64_t EpochOrder::EndBlock(uint64_t group) const {
  return std::min<uint64_t>(FirstBlock(group + 1), first_ids_.size());
}

const EpochOrder::Table& EpochOrder::TableOf(uint64_t epoch) {
  for (const Table& table : tables_) {
    if (table.epoch == epoch) return table;
  }
  constexpr size_t kMostTables = 4;  // the last of them, the present and the next epoch
  if (tables_.size() == kMostTables) tables_.pop_front();
  Table& table = tables_.emplace_back();
  table.epoch = epoch;
  // Not the key of the plain order, nor that of a group.
  const Permutation order(first_ids_.size(), {seed_, epoch, UINT64_MAX, kShuffle});
  table.begins.push_back(0);
  for (uint64_t i = 0; i < first_ids_.size(); ++i) {
    table.blocks.push_back(static_cast<uint32_t>(order(i)));
    table.begins.push_back(table.begins.back() + blocks_.images[table.blocks.back()]);
  }
  return table;
}

uint64_t EpochOrder::GroupOf(EpochPlace place) {
  const std::vector<uint64_t>& begins = TableOf(place.epoch).begins;
  const auto after = std::upper_bound(begins.begin(), begins.end(), place.position);
  const auto block = static_cast<uint64_t>(after - begins.begin()) - 1;
  return place.epoch * groups_ + block / blocks_.mixed;
}

uint64_t EpochOrder::IdAt(const Table& table, uint64_t position) const {
  const auto after = std::upper_bound(table.begins.begin(), table.begins.end(), position);
  const auto block = static_cast<size_t>(after - table.begins.begin()) - 1;
  return first_ids_[table.blocks[block]] + position - table.begins[block];
}

uint64_t EpochOrder::Admit(EpochPlace place) {
  const std::lock_guard lock(mutex_);
  const auto order_by = [&](uint64_t whose, uint64_t images, uint64_t id) {
    if (order_ && order_of_ == whose) return;
    order_.emplace(images, RngKey{seed_, place.epoch, id, kShuffle});
    order_of_ = whose;
  };
  if (is_plain()) {
    order_by(place.epoch, images_, 0);
    if (blocks_.expected > 0 && told_ == UINT64_MAX) {
      told_ = 0;
      TellExpected();
    }
    return (*order_)(place.position);
  }
  const uint64_t group = GroupOf(place), in_epoch = group % groups_;
  if (used_[group]++ == 0) {
    while (used_.begin()->second == 0) used_.erase(used_.begin());
    if (used_.begin()->first != told_) TellExpected();
  }
  const Table& table = TableOf(place.epoch);
  const uint64_t begin = table.begins[FirstBlock(in_epoch)];
  order_by(group, table.begins[EndBlock(in_epoch)] - begin, in_epoch + 1);
  return IdAt(table, begin + (*order_)(place.position - begin));
}

void EpochOrder::Done(EpochPlace place) {
  if (is_plain()) return;
  const std::lock_guard lock(mutex_);
  const auto used = used_.find(GroupOf(place));
  if (used == used_.end() || used->second == 0) return;
  --used->second;
  if (used->second > 0) return;
  // The group that is being admitted is not over because none of its images is under way.
  if (std::next(used) == used_.end()) return;
  used_.erase(used);
  if (used_.begin()->first != told_) TellExpected();
}

uint64_t EpochOrder::Draw(EpochPlace place, Rng& rng) {
  if (is_plain()) return rng.Below(images_);
  const std::lock_guard lock(mutex_);
  const uint64_t in_epoch = GroupOf(place) % groups_;
  const Table& table = TableOf(place.epoch);
  const uint64_t begin = table.begins[FirstBlock(in_epoch)];
  return IdAt(table, begin + rng.Below(table.begins[EndBlock(in_epoch)] - begin));
}

// From the first group that is in use on.
void EpochOrder::TellExpected() {
  if (blocks_.expected == 0) return;
  std::vector<uint32_t> blocks;
  if (is_plain()) {
    for (uint32_t i = 0; i < first_ids_.size(); ++i) blocks.push_back(i);
    expect_(blocks);
    return;
  }
  told_ = used_.begin()->first;
  for (uint64_t group = told_; blocks.size() < blocks_.expected; ++group) {
    const Table& table = TableOf(group / groups_);
    const uint64_t first = FirstBlock(group % groups_);
    const bool is_over = table.epoch > end_.epoch ||
                         (table.epoch == end_.epoch && table.begins[first] >= end_.position);
    if (is_over) break;
    for (uint64_t i = first; i < EndBlock(group % groups_); ++i) blocks.push_back(table.blocks[i]);
  }
  expect_(blocks);
}

}  // namespace flowtrain
