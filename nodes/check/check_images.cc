#include "nodes/check/check_images.h"

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

#include "nodes/check/joined.h"
#include "nodes/decode/decode.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/decode/file_format.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/mapping_guard.h"
#include "pipeline/base/files/xxh64.h"

namespace flowtrain {
namespace {

constexpr size_t kPart =
    2048;  // images that are compared by a network are checked so many at a time

// Where an image comes from.
struct Source {
  const LabelledImages* list = nullptr;  // null: those to train on
  uint64_t index = 0;
};

struct CheckScratch {
  DecodeScratch decode;
  RgbImage image;
  std::vector<uint8_t> bytes;
};

const char* FormatName(const EncodedImage& image) {
  if (image.encoding == Encoding::kStl10Planes) return "STL-10";
  if (image.encoding == Encoding::kRgb) return "RGB, not compressed";
  const char* name = FormatOf(image.bytes).name;
  return name == nullptr ? "unknown" : name;
}

uint64_t PixelsOf(const RgbImage& image) {
  const uint64_t numbers[] = {static_cast<uint64_t>(image.height),
                              static_cast<uint64_t>(image.width), Xxh64(image.pixels)};
  return Xxh64({reinterpret_cast<const uint8_t*>(numbers), sizeof numbers});
}

class Checker {
 public:
  Checker(const ImageSet& set, const CheckOptions& options)
      : set_(set),
        options_(options),
        arena_(options.threads),
        scratch_(static_cast<size_t>(options.threads)) {
    for (CheckScratch& one : scratch_) one.decode.max_pixels = options.max_pixels;
    ListSources();
    out_.names.resize(sources_.size());
    looks_.resize(sources_.size());
  }

  CheckResult Run() {
    const size_t part = options_.comparison == nullptr ? sources_.size() : kPart;
    for (size_t first = 0; first < sources_.size() && !options_.stop(); first += part) {
      CheckPart(first, std::min(part, sources_.size() - first));
    }
    if (!options_.stop()) FindDuplicates();
    out_.stopped = options_.stop();
    return std::move(out_);
  }

 private:
  void ListSources() {
    const Evaluation evaluation = set_.evaluation();
    for (uint64_t id = 0; id < set_.size(); ++id) sources_.push_back({nullptr, id});
    out_.images.resize(sources_.size());
    if (!evaluation.possible()) return;
    Add(*evaluation.bank, false);
    if (!evaluation.leave_one_out) Add(*evaluation.queries, true);
  }

  void Add(const LabelledImages& list, bool judged_on) {
    for (uint64_t i = 0; i < list.size(); ++i) {
      if (list.TrainingId(i) >= 0) {
        if (judged_on) ++out_.judged_and_trained;
        continue;
      }
      sources_.push_back({&list, i});
      out_.images.emplace_back().judged_on = judged_on;
    }
  }

  void CheckPart(size_t first, size_t images) {
    if (options_.comparison != nullptr) options_.comparison->BeginPart(first, images);
    arena_.execute([&] {
      tbb::parallel_for(first, first + images, [this](size_t i) {
        if (!options_.stop()) Check(i);
      });
    });
    if (options_.comparison != nullptr) options_.comparison->EndPart(options_.stop);
  }

  void Check(size_t i) {
    const Source& source = sources_[i];
    CheckedImage& image = out_.images[i];
    CheckScratch& scratch =
        scratch_[static_cast<size_t>(tbb::this_task_arena::current_thread_index())];
    out_.names[i] = source.list != nullptr ? source.list->ImageName(source.index)
                                           : set_.ImageName(source.index);
    const EncodedImage encoded = source.list != nullptr
                                     ? source.list->Fetch(source.index, scratch.bytes)
                                     : set_.Fetch(source.index, scratch.bytes);
    image.label = encoded.label;
    image.bad = encoded.error;
    if (image.bad.empty()) Decode(encoded, scratch, i);
    Tell();
  }

  void Decode(const EncodedImage& encoded, CheckScratch& scratch, size_t i) {
    CheckedImage& image = out_.images[i];
    image.format = FormatName(encoded);
    image.bytes = encoded.bytes.size();
    const auto begin = std::chrono::steady_clock::now();
    std::string why;
    const bool decoded = DecodeToRgb(encoded, scratch.decode, nullptr, scratch.image, &why);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (!decoded) {
      image.bad = why;
      return;
    }
    image.seconds = took.count();
    image.height = scratch.image.height;
    image.width = scratch.image.width;
    image.pixels = PixelsOf(scratch.image);
    looks_[i] = LookOf(scratch.image);
    if (options_.comparison != nullptr) options_.comparison->Take(i, scratch.image);
    if (ReadsWereLost(encoded.lost)) throw DataError(out_.names[i] + ": " + kLostWhileRead);
  }

  void Tell() {
    const uint64_t done = ++done_;
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock.owns_lock()) options_.progress("checked", done, sources_.size());
  }

  void FindDuplicates() {
    std::vector<uint64_t> pixels;
    pixels.reserve(out_.images.size());
    for (const CheckedImage& image : out_.images) pixels.push_back(image.pixels);
    out_.copies = EqualOnes(pixels, 0);
    // Of copies, the first is compared with others.
    std::vector<bool> skipped(pixels.size());
    for (const Group& group : out_.copies) {
      for (size_t i = 1; i < group.size(); ++i) skipped[group[i]] = true;
    }
    std::vector<uint64_t> places;
    for (uint64_t i = 0; i < pixels.size(); ++i) {
      if (pixels[i] == 0) continue;
      if (looks_[i].plain()) {
        ++out_.plain;
      } else if (!skipped[i]) {
        places.push_back(i);
      }
    }
    arena_.execute([&] { out_.alike = AlikeOnes(looks_, places, options_.stop); });
    if (options_.comparison != nullptr) FindSimilar(places);
  }

  void FindSimilar(const std::vector<uint64_t>& places) {
    out_.similar = options_.comparison->Groups(
        places, options_.stop,
        [this](uint64_t done, uint64_t images) { options_.progress("compared", done, images); });
    Joined alike(sources_.size());
    for (const Group& group : out_.alike) {
      for (const uint64_t place : group) alike.Join(group.front(), place);
    }
    std::erase_if(out_.similar, [&](const SimilarGroup& group) {
      return std::all_of(group.images.begin(), group.images.end(), [&](uint64_t place) {
        return alike.Root(place) == alike.Root(group.images.front());
      });
    });
  }

  const ImageSet& set_;
  const CheckOptions& options_;
  tbb::task_arena arena_;
  std::vector<CheckScratch> scratch_;  // of each thread
  std::vector<Source> sources_;
  std::vector<Look> looks_;
  std::atomic<uint64_t> done_{0};
  std::mutex mutex_;
  CheckResult out_;
};

}  // namespace

CheckResult CheckImages(const ImageSet& set, const CheckOptions& options) {
  return Checker(set, options).Run();
}

}  // namespace flowtrain
