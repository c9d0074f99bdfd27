#include "tools/load/check_dataset.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "nodes/data/dataset.h"
#include "nodes/decode/decode.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/image/rgb_image.h"
#include "pipeline/base/error.h"
#include "pipeline/base/philox.h"
#include "pipeline/base/text/suggest.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/component_set.h"

namespace flowtrain {
namespace {

// A data set needs nothing of the graph around it but the names of its options.
class DatasetContext final : public OpenContext {
 public:
  explicit DatasetContext(const ComponentDef& def) : def_(def) {}

  const std::string& name() const override { return def_.name; }
  int workers() const override { return 1; }
  const BatchLayout& layout() const override { return layout_; }
  RunControl& run() const override { return run_; }
  uint64_t lane_idle_ns() const override { return 0; }
  std::string NameOf(std::string_view option) const override {
    for (const Entry& given : def_.options) {
      if (given.key != option || given.value.parameter.empty()) continue;
      return given.value.parameter + " (" + given.value.at.ToString() + ')';
    }
    return Named(option, def_.name);
  }

 private:
  Resource* Find(std::string_view) const override { return nullptr; }

  const ComponentDef& def_;
  const BatchLayout layout_{};
  mutable RunControl run_;  // which nothing stops
};

// The first, the last and some in between, in order.
std::vector<uint64_t> SomeOf(uint64_t images, uint64_t seed) {
  constexpr int kRandom = 8;
  if (images == 0) return {};
  std::set<uint64_t> ids = {0, images - 1};
  Rng rng({seed, 0, 0, kTesting});
  for (int i = 0; i < kRandom; ++i) ids.insert(rng.Below(images));
  return {ids.begin(), ids.end()};
}

class ImageReader {
 public:
  using Fetch = std::function<EncodedImage(uint64_t, std::vector<uint8_t>&)>;
  using Name = std::function<std::string(uint64_t)>;

  ImageReader(const Config& config, std::ostream& out) : out_(out) {
    const auto most = config.GetOr<int64_t>("data.max_pixels", kMaxImagePixels);
    scratch_.max_pixels = std::clamp<int64_t>(most, 1, kMaxImagePixels);
    seed_ = static_cast<uint64_t>(config.GetOr<int64_t>("train.seed", 0));
  }

  void Read(uint64_t images, const Fetch& fetch, const Name& name) {
    for (const uint64_t id : SomeOf(images, seed_)) {
      std::string why;
      const EncodedImage encoded = fetch(id, bytes_);
      ++read_;
      if (!encoded.error.empty()) {
        why = encoded.error;
      } else if (DecodeToRgb(encoded, scratch_, nullptr, image_, &why)) {
        out_ << "  " << name(id) << ": " << image_.width << 'x' << image_.height << '\n';
        continue;
      }
      ++bad_;
      out_ << "  " << name(id) << ": cannot be used: " << why << '\n';
    }
  }

  void ThrowIfBad() const {
    if (bad_ == 0) return;
    throw DataError(ShowCount(bad_) + " of the " + ShowCount(read_) +
                    " images that were read cannot be used: mend or delete their files");
  }

 private:
  std::ostream& out_;
  DecodeScratch scratch_;
  uint64_t seed_ = 0, read_ = 0, bad_ = 0;
  std::vector<uint8_t> bytes_;
  RgbImage image_;
};

void PrintClasses(const std::vector<std::string>& classes, std::ostream& out) {
  constexpr size_t kShown = 10;
  if (classes.empty()) return;
  out << "classes:";
  for (size_t i = 0; i < std::min(kShown, classes.size()); ++i) {
    out << (i == 0 ? " " : ", ") << i << ' ' << classes[i];
  }
  if (classes.size() > kShown) out << ", … " << classes.size() - 1 << ' ' << classes.back();
  out << '\n';
}

// As the source of a run would refuse it.
void CheckBatch(const LoadedGraph& loaded, const ImageDataset& dataset) {
  const bool trains = std::any_of(loaded.def.nodes.begin(), loaded.def.nodes.end(),
                                  [](const NodeDef& node) { return node.type == "EpochSource"; });
  const auto rows = static_cast<uint64_t>(loaded.config.GetOr<int64_t>("data.batch_size", 0));
  if (!trains || dataset.size() >= rows) return;
  throw ConfigError("the data set has " + ShowCount(dataset.size()) +
                    " images, fewer than one batch of " + ShowCount(rows) +
                    ": lower data.batch_size");
}

void Check(const LoadedGraph& loaded, const ImageDataset& dataset, std::ostream& out) {
  out << "data set: " << dataset.Description() << '\n';
  PrintClasses(dataset.classes(), out);
  ImageReader reader(loaded.config, out);
  out << "images to train on:\n";
  reader.Read(
      dataset.size(), [&](uint64_t id, auto& bytes) { return dataset.Fetch(id, bytes); },
      [&](uint64_t id) { return dataset.ImageName(id); });
  const Evaluation evaluation = dataset.evaluation();
  if (!evaluation.possible()) {
    out << "no evaluation: " << evaluation.why_not << '\n';
  } else if (evaluation.leave_one_out) {
    out << "judged on the same images, each by the others\n";
  } else {
    const LabelledImages& queries = *evaluation.queries;
    out << "images to judge on:\n";
    reader.Read(
        queries.size(), [&](uint64_t id, auto& bytes) { return queries.Fetch(id, bytes); },
        [&](uint64_t id) { return queries.ImageName(id); });
  }
  reader.ThrowIfBad();
  CheckBatch(loaded, dataset);
}

}  // namespace

void CheckDataset(const LoadedGraph& loaded, std::ostream& out) {
  for (const ComponentDef& def : loaded.def.resources) {
    const DatasetContext context(def);  // which the data set may ask as long as it is open
    const std::unique_ptr<Component> component = MakeComponent(def, Registry::Global());
    auto* dataset = dynamic_cast<ImageDataset*>(component.get());
    if (dataset == nullptr) continue;
    dataset->Open(context);
    Check(loaded, *dataset, out);
    return;
  }
  throw ConfigError(loaded.def.file + " has no data set (no resource of type ImageDataset)");
}

}  // namespace flowtrain
