#include "nodes/data/dataset.h"

#include "nodes/data/folder_set.h"
#include "nodes/data/packed_set.h"
#include "nodes/data/sample_set.h"
#include "nodes/data/stl10_set.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

std::string SubstitutionMessage(const std::string& why, const ImageSet& sample) {
  return "THE CONFIGURED DATA SET IS NOT THERE: " + why +
         ".\nThis run trains on the built-in sample set instead (" + sample.Description() +
         "): good to see training work, not to make a useful model.\nTo train on STL-10 (2.6 GB):\n"
         "  wget " +
         kStl10Address +
         "\n  tar xf stl10_binary.tar.gz\n"
         "  and run again with --set data.root=stl10_binary\n"
         "To stop here instead: --set data.if_missing=error";
}

std::unique_ptr<ImageSet> OpenConfigured(const DatasetOptions& options) {
  if (options.kind == "folder") return OpenFolder(options.root);
  if (options.kind == "packed") return OpenPacked(options.root);
  return OpenStl10(options.root, options.splits);
}

}  // namespace

bool DatasetIsThere(const std::string& kind, const std::string& root,
                    const std::vector<std::string>& splits, std::string* why) {
  if (kind == "sample") return true;
  if (kind == "stl10") return Stl10IsThere(root, splits, why);
  if (kind == "folder") return FolderIsThere(root, why);
  if (kind == "packed") return PackedIsThere(root, why);
  throw ConfigError("there is no kind of data set '" + kind +
                    "': there are stl10, folder, packed and sample (data.kind)");
}

std::unique_ptr<ImageSet> OpenImageSet(const DatasetOptions& options,
                                       std::string* substitution_message) {
  auto sample = [&] {
    return MakeSampleSet(options.seed, options.sample_images, options.sample_size);
  };
  substitution_message->clear();
  if (options.kind == "sample") return sample();
  std::string why;
  if (DatasetIsThere(options.kind, options.root, options.splits, &why)) {
    return OpenConfigured(options);
  }
  if (!options.sample_if_missing) {
    throw DataError("the data set is not there: " + why + ". STL-10 comes from " + kStl10Address +
                    "; --set data.if_missing=sample trains on the built-in sample set");
  }
  auto set = sample();
  *substitution_message = SubstitutionMessage(why, *set);
  return set;
}

void ImageDataset::Declare(NodeSpec& spec) {
  using Self = ImageDataset;
  spec.Doc("The data set: images to train on, and labelled ones for the kNN evaluation.")
      .Option(&Self::kind_, "kind", "stl10",
              "stl10 (official binary files), folder (of images), packed (file of flowtrain pack), "
              "sample (built in).",
              OneOf{{"stl10", "folder", "packed", "sample"}})
      .Option(&Self::root_, "root", "data/stl10_binary",
              "Folder of the data set; packed: its file.")
      .Option(&Self::splits_, "splits", std::vector<std::string>{"train", "unlabeled"},
              "STL-10 files to train on, one after the other.",
              OneOf{{"train", "test", "unlabeled"}})
      .Option(&Self::if_missing_, "if_missing", "sample",
              "Data set not there: train on the built-in sample set, or stop with an error.",
              OneOf{{"sample", "error"}})
      .Option(&Self::seed_, "seed", 42, "Seed of the sample set's pictures.")
      .Option(&Self::sample_images_, "sample_images", 2000,
              "Pictures of the sample set to train on; a quarter as many again for evaluation.",
              AtLeast{1})
      .Option(&Self::sample_size_, "sample_size", 96, "Side of the sample set's pictures, pixels.",
              Between{8, 1024});
}

void ImageDataset::Open(const OpenContext&) {
  DatasetOptions options;
  options.kind = kind_;
  options.root = root_;
  options.splits = splits_;
  options.sample_if_missing = if_missing_ == "sample";
  options.seed = static_cast<uint64_t>(seed_);
  options.sample_images = static_cast<uint64_t>(sample_images_);
  options.sample_size = sample_size_;
  Open(options);
}

void ImageDataset::Open(const DatasetOptions& options) {
  set_ = OpenImageSet(options, &substitution_message_);
}

FLOWTRAIN_REGISTER(ImageDataset);

}  // namespace flowtrain
