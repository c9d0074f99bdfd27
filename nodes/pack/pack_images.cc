#include "nodes/pack/pack_images.h"

#include <oneapi/tbb/parallel_pipeline.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include "nodes/data/packed_format.h"
#include "nodes/data/packed_set.h"
#include "nodes/decode/decode.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/image/image_levels.h"
#include "nodes/image/shrink_image.h"
#include "nodes/run/bad_image_file.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/mapping_guard.h"
#include "pipeline/base/files/new_file.h"
#include "pipeline/base/files/xxh64.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

template <typename T>
std::span<const uint8_t> BytesOf(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof value};
}

// An image to pack: where it comes from, and which lists of the evaluation it is in.
struct Item {
  enum class From : uint8_t { kTraining, kBank, kQueries };
  uint64_t index = 0;
  From from = From::kTraining;
  uint8_t lists = 0;
};

// Every image once: those to train on, then the others of the evaluation.
std::vector<Item> ListItems(const ImageSet& set, const Evaluation& evaluation) {
  std::vector<Item> items;
  items.reserve(set.size());
  for (uint64_t id = 0; id < set.size(); ++id) items.push_back({id, Item::From::kTraining, 0});
  const auto add = [&](const LabelledImages& images, Item::From from, uint32_t lists) {
    for (uint64_t index = 0; index < images.size(); ++index) {
      const int64_t id = images.TrainingId(index);
      if (id < 0) items.push_back({index, from, 0});
      Item& item = id < 0 ? items.back() : items[static_cast<size_t>(id)];
      item.lists |= static_cast<uint8_t>(lists);
    }
  };
  if (!evaluation.possible()) return items;
  if (evaluation.bank == evaluation.queries) {
    add(*evaluation.bank, Item::From::kBank, kPackedBank | kPackedQuery);
  } else {
    add(*evaluation.bank, Item::From::kBank, kPackedBank);
    add(*evaluation.queries, Item::From::kQueries, kPackedQuery);
  }
  return items;
}

// The reduced copies that have enough pixels for views of at least 64 pixels: how large the views
// are is up to each run.
LevelRange PackedLevels(int height, int width) {
  constexpr int kLeastSide = 64;
  LevelRange range;
  while (range.last + 1 < kMostLevels &&
         std::min(height, width) >> (range.last + 1) >= kLeastSide) {
    ++range.last;
  }
  return range;
}

// An image on its way through the pipeline, and the memory it needs there.
struct Slot {
  uint64_t number = 0;  // of the item
  std::string name, why;
  PackedEntry entry;
  std::vector<uint8_t> file_bytes;
  RgbImage image;
  DecodeScratch scratch;
  ImageShrinker shrinker;
};

class Packer {
 public:
  Packer(const ImageSet& set, const std::string& path, const PackOptions& options)
      : set_(set),
        path_(path),
        options_(options),
        evaluation_(set.evaluation()),
        items_(ListItems(set, evaluation_)),
        file_(path),
        slots_(static_cast<size_t>(2 * options.threads)) {
    for (Slot& slot : slots_) slot.scratch.max_pixels = options.max_pixels;
    file_.Append(BytesOf(PackedHeader{}));
  }

  PackResult Run() {
    tbb::task_arena(options_.threads).execute([this] { DecodeAndWrite(); });
    if (!result_.stopped) Finish();
    return std::move(result_);
  }

 private:
  // The last filter keeps the order of the first, so a slot is free again before it is next in
  // turn.
  void DecodeAndWrite() {
    using tbb::filter_mode;
    uint64_t next = 0;
    const auto issue = [&](tbb::flow_control& flow) -> Slot* {
      result_.stopped = result_.stopped || options_.stop();
      if (result_.stopped || next == items_.size()) {
        flow.stop();
        return nullptr;
      }
      Slot& slot = slots_[next % slots_.size()];
      slot.number = next++;
      return &slot;
    };
    tbb::parallel_pipeline(slots_.size(),
                           tbb::make_filter<void, Slot*>(filter_mode::serial_in_order, issue) &
                               tbb::make_filter<Slot*, Slot*>(filter_mode::parallel,
                                                              [this](Slot* slot) {
                                                                Decode(*slot);
                                                                return slot;
                                                              }) &
                               tbb::make_filter<Slot*, void>(filter_mode::serial_in_order,
                                                             [this](Slot* slot) { Write(*slot); }));
  }

  void Decode(Slot& slot) const {
    const Item& item = items_[slot.number];
    const EncodedImage encoded = Fetch(item, slot);
    slot.why = encoded.error;
    if (!slot.why.empty()) return;
    if (!DecodeToRgb(encoded, slot.scratch, nullptr, slot.image, &slot.why)) return;
    slot.why.clear();
    slot.shrinker.Shrink(options_.max_side, slot.image);
    MakeLevels(PackedLevels(slot.image.height, slot.image.width), slot.image);
    slot.entry = {};
    slot.entry.checksum = Xxh64(slot.image.pixels);
    if (ReadsWereLost(encoded.lost)) throw DataError(slot.name + ": " + kLostWhileRead);
    slot.entry.height = static_cast<uint32_t>(slot.image.height);
    slot.entry.width = static_cast<uint32_t>(slot.image.width);
    slot.entry.levels = static_cast<uint32_t>(slot.image.levels);
    slot.entry.label = encoded.label;
    slot.entry.lists = item.lists;
  }

  EncodedImage Fetch(const Item& item, Slot& slot) const {
    if (item.from == Item::From::kTraining) {
      slot.name = set_.ImageName(item.index);
      return set_.Fetch(item.index, slot.file_bytes);
    }
    const bool of_bank = item.from == Item::From::kBank;
    const LabelledImages& images = of_bank ? *evaluation_.bank : *evaluation_.queries;
    slot.name = images.ImageName(item.index);
    return images.Fetch(item.index, slot.file_bytes);
  }

  void Write(Slot& slot) {
    if (slot.why.empty()) {
      file_.AlignTo(kPackedAlignment);
      slot.entry.offset = file_.size();
      slot.entry.name_offset = names_.size();  // in the names, for now
      slot.entry.name_bytes = static_cast<uint32_t>(slot.name.size());
      file_.Append(slot.image.pixels);
      names_ += slot.name;
      if (items_[slot.number].from == Item::From::kTraining) ++training_;
      entries_.push_back(slot.entry);
    } else {
      result_.bad.push_back({slot.number, slot.name, slot.why});
      if (result_.bad.size() > AllowedBad()) {
        GiveUp("more than " + options_.max_bad_fraction_name + " allows",
               ", or raise " + options_.max_bad_fraction_name);
      }
    }
    options_.progress(slot.number + 1, items_.size());
  }

  // As many as the source of a run allows.
  uint64_t AllowedBad() const {
    if (options_.max_bad_fraction <= 0) return 0;
    const double share = options_.max_bad_fraction * static_cast<double>(items_.size());
    return std::max<uint64_t>(1, static_cast<uint64_t>(share));
  }

  [[noreturn]] void GiveUp(const std::string& reason, const std::string& or_else) const {
    WriteBadImageFile(BadImagesOf(path_), LeftOut());
    throw DataError(ShowCount(result_.bad.size()) + " of " + ShowCount(items_.size()) +
                    " images cannot be used, " + reason + ':' +
                    NameSome(result_.bad, BadImagesOf(path_)) + "\nRepair or delete these files" +
                    or_else);
  }

  std::vector<BadImageRow> LeftOut() const {
    std::vector<BadImageRow> rows = set_.LeftOut();
    for (const BadImage& bad : result_.bad) rows.push_back({bad.name, bad.why, "pack"});
    return rows;
  }

  void Finish() {
    if (training_ == 0) GiveUp("and none is left to train on", "");
    // First, so that no file is without its list if the program is killed in between.
    const std::vector<BadImageRow> left_out = LeftOut();
    if (!left_out.empty()) WriteBadImageFile(BadImagesOf(path_), left_out);
    file_.AlignTo(kPackedAlignment);
    PackedHeader header;
    header.index_offset = file_.size();
    header.text_offset = header.index_offset + entries_.size() * sizeof(PackedEntry);
    header.images = entries_.size();
    header.training = training_;
    header.classes = static_cast<uint32_t>(set_.classes().size());
    header.max_side = static_cast<uint32_t>(options_.max_side);
    header.leave_one_out = evaluation_.leave_one_out ? 1 : 0;
    header.fingerprint = options_.fingerprint;
    const std::vector<uint8_t> tables = Tables(header.text_offset);
    file_.Append(tables);
    header.tables_checksum = Xxh64(tables);
    header.header_bytes = sizeof header;
    header.file_bytes = file_.size();
    header.header_checksum = Xxh64(BytesOf(header).first(offsetof(PackedHeader, header_checksum)));
    file_.Commit(BytesOf(header));
    if (left_out.empty()) std::filesystem::remove(BadImagesOf(path_));  // of an earlier file
    result_.images = header.images;
    result_.bytes = header.file_bytes;
  }

  // Index and text.
  std::vector<uint8_t> Tables(uint64_t text_offset) {
    std::string text;
    const auto put = [&](const std::string& string) {
      const auto length = static_cast<uint32_t>(string.size());
      text.append(reinterpret_cast<const char*>(&length), sizeof length);
      text += string;
    };
    put(set_.Description());
    put(evaluation_.possible() ? std::string() : evaluation_.why_not);
    for (const std::string& name : set_.classes()) put(name);
    for (PackedEntry& entry : entries_) entry.name_offset += text_offset + text.size();
    text += names_;
    const size_t index_bytes = entries_.size() * sizeof(PackedEntry);
    std::vector<uint8_t> tables(index_bytes + text.size());
    std::memcpy(tables.data(), entries_.data(), index_bytes);
    std::memcpy(tables.data() + index_bytes, text.data(), text.size());
    return tables;
  }

  const ImageSet& set_;
  const std::string path_;
  const PackOptions& options_;
  const Evaluation evaluation_;
  const std::vector<Item> items_;
  NewFile file_;
  std::vector<Slot> slots_;
  std::vector<PackedEntry> entries_;
  std::string names_;
  uint64_t training_ = 0;
  PackResult result_;
};

}  // namespace

PackResult PackImages(const ImageSet& set, const std::string& path, const PackOptions& options) {
  return Packer(set, path, options).Run();
}

}  // namespace flowtrain
