// The data set of a run: the resource that the source draws images from, decode asks how they are
// encoded, and the kNN evaluation takes labelled images from.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodes/data/dataset_identity.h"
#include "nodes/data/folder_layout.h"
#include "nodes/data/image_set.h"
#include "nodes/data/option_names.h"
#include "nodes/data/remote_options.h"
#include "nodes/image/encoded_image.h"
#include "nodes/image/pixel_limit.h"
#include "nodes/run/bad_image_file.h"
#include "pipeline/node/node.h"

namespace flowtrain {

enum class DatasetKind : uint8_t {
  kStl10,
  kCifar10,
  kCifar100,
  kFolder,
  kList,
  kTar,
  kPacked,
  kSample
};
Choices<DatasetKind> DatasetKinds();  // "stl10", …

enum class IfMissing : uint8_t { kSample, kError };

// What the data set of a run is.
struct DatasetOptions {
  DatasetKind kind = DatasetKind::kStl10;
  std::string root = "data/stl10_binary";  // folder of the data set; list, tar, packed: its file
  std::vector<std::string> splits = DefaultSplits();  // of a set that has some
  IfMissing if_missing = IfMissing::kSample;
  uint64_t seed = 42;             // of the sample set's pictures
  uint64_t sample_images = 2000;  // of the sample set
  int sample_size = 96;           // of the sample set's pictures, pixels

  RemoteOptions remote = {};  // of tar files on a server, and their order

  int64_t max_pixels = kMaxImagePixels;  // of an image file that is decoded; no option of a graph
  OptionNames names = {};                // what messages call the options above
  std::function<bool()> stop = {};       // from now on, asked while shards are downloaded

  static void Declare(OptionsOf<DatasetOptions>& options);
};

// Whether the sample set stands in for the data set: only for the default one, STL-10 in its
// default place, and only if nothing at all is there. What was named is used or refused. `why` (may
// be null) then says what is missing. Throws ConfigError for a split that STL-10 does not have.
bool SampleStandsIn(const DatasetOptions& options, std::string* why);

// Opens the configured data set, or the sample set where it stands in. Throws ConfigError for a set
// that is not there, is none of its kind or may not be read, and for an option that makes no sense;
// DataError for a set that is broken. `substitution_message` (not null) is left empty when nothing
// was substituted.
std::unique_ptr<ImageSet> OpenImageSet(const DatasetOptions& options,
                                       std::string* substitution_message);

// Images to train on, and labelled ones to evaluate on.
//
// Threads  every const method may be called from any thread.
//
// Example:
//   dataset: {type: ImageDataset, options: {kind: folder, root: photos}}
class ImageDataset final : public Resource {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;
  // The same without a graph: for tests and for the program.
  void Open(const DatasetOptions& options);

  // The images that the run so far was trained on, as `checkpoint` says. Call it before Open, which
  // throws ConfigError for a data set with others; with `or_warn` it warns.
  void Expect(const DatasetIdentity& identity, const std::string& checkpoint, bool or_warn) {
    expected_ = Expected{identity, checkpoint, or_warn};
  }

  // What the data set is; sample where it was substituted.
  DatasetKind kind() const { return kind_; }
  DatasetIdentity identity() const { return IdentityOf(*set_); }

  // Images to train on; ids are 0 … size() - 1.
  uint64_t size() const { return set_->size(); }
  // The encoded image. Its bytes are in `storage` (whose capacity is reused) or in a mapping. An
  // image that cannot be read comes back with `error` set. Throws DataError where the set as a
  // whole has become unreadable: its file was cut short, or its server fails. Throws Interrupted
  // where the run stops while a shard is waited for.
  EncodedImage Fetch(uint64_t id, std::vector<uint8_t>& storage) const {
    return set_->Fetch(id, storage);
  }
  // As of ImageSet.
  void CheckFiles() const { set_->CheckFiles(); }
  ImageBlocks Blocks() const { return set_->Blocks(); }
  void Expect(const std::vector<uint32_t>& blocks) const { set_->Expect(blocks); }
  std::optional<DownloadWait> Downloads() const { return set_->Downloads(); }
  int image_height() const { return set_->image_height(); }
  int image_width() const { return set_->image_width(); }

  // "dress/0a.jpg", "unlabeled image 17": what reports call an image.
  std::string ImageName(uint64_t id) const { return set_->ImageName(id); }
  // "STL-10, train + unlabeled: 105,000 images 96x96".
  std::string Description() const { return set_->Description(); }

  // What is known from the start to be left out of the set.
  std::vector<BadImageRow> LeftOut() const { return set_->LeftOut(); }

  // Names of the classes, label by label; empty where there are no labels.
  const std::vector<std::string>& classes() const { return set_->classes(); }
  // Labelled images for the kNN evaluation. Training never sees a label.
  Evaluation evaluation() const { return set_->evaluation(); }

  // Whether the configured set was not there and the sample set took its place.
  bool substituted() const { return !substitution_message_.empty(); }
  // What was looked for, where, what is used instead and how to get STL-10. Several lines.
  const std::string& substitution_message() const { return substitution_message_; }

 private:
  struct Expected {
    DatasetIdentity identity;
    std::string checkpoint;
    bool or_warn = false;
  };

  void CheckExpected() const;

  DatasetOptions options_;
  std::optional<Expected> expected_;

  DatasetKind kind_ = DatasetKind::kStl10;  // once it is open
  std::unique_ptr<ImageSet> set_;
  std::string substitution_message_;
};

}  // namespace flowtrain
