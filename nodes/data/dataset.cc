#include "nodes/data/dataset.h"

#include "nodes/data/folder_set.h"
#include "nodes/data/packed_set.h"
#include "nodes/data/sample_set.h"
#include "nodes/data/stl10_set.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

std::string SubstitutionMessage(const std::string& why, const DatasetOptions& options,
                                const ImageSet& sample) {
  return "THE CONFIGURED DATA SET IS NOT THERE: " + why +
         ".\nThis run trains on the built-in sample set instead (" + sample.Description() +
         "): good to see training work, not to make a useful model.\nTo train on STL-10 (2.6 GB):\n"
         "  wget " +
         kStl10Address + "\n  tar xf stl10_binary.tar.gz\n  and set " +
         NameOf(options.names, "root") + " to stl10_binary\nTo stop here instead, set " +
         NameOf(options.names, "if_missing") + " to error";
}

std::unique_ptr<ImageSet> OpenSample(const DatasetOptions& options) {
  return MakeSampleSet(options.seed, options.sample_images, options.sample_size);
}

std::unique_ptr<ImageSet> OpenConfigured(const DatasetOptions& options) {
  switch (options.kind) {
    case DatasetKind::kStl10:
      return OpenStl10(options.root, options.splits, options.names);
    case DatasetKind::kFolder:
      return OpenFolder(options.root, options.names);
    case DatasetKind::kPacked:
      return OpenPacked(options.root);
    case DatasetKind::kSample:
      break;
  }
  return OpenSample(options);
}

}  // namespace

Choices<DatasetKind> DatasetKinds() {
  return {{{"stl10", DatasetKind::kStl10},
           {"folder", DatasetKind::kFolder},
           {"packed", DatasetKind::kPacked},
           {"sample", DatasetKind::kSample}}};
}

bool DatasetIsThere(const DatasetOptions& options, std::string* why) {
  switch (options.kind) {
    case DatasetKind::kStl10:
      return Stl10IsThere(options.root, options.splits, why, options.names);
    case DatasetKind::kFolder:
      return FolderIsThere(options.root, why, options.names);
    case DatasetKind::kPacked:
      return PackedIsThere(options.root, why, options.names);
    case DatasetKind::kSample:
      break;
  }
  return true;
}

std::unique_ptr<ImageSet> OpenImageSet(const DatasetOptions& options,
                                       std::string* substitution_message) {
  substitution_message->clear();
  std::string why;
  if (DatasetIsThere(options, &why)) return OpenConfigured(options);
  if (options.if_missing == IfMissing::kError) {
    throw DataError("the data set is not there: " + why + ". STL-10 comes from " + kStl10Address +
                    "; to train on the built-in sample set instead, set " +
                    NameOf(options.names, "if_missing") + " to sample");
  }
  auto set = OpenSample(options);
  *substitution_message = SubstitutionMessage(why, options, *set);
  return set;
}

void DatasetOptions::Declare(OptionsOf<DatasetOptions>& options) {
  using Self = DatasetOptions;
  options
      .Option(&Self::kind, "kind",
              "stl10 (official binary files), folder (of images), packed (file of flowtrain pack), "
              "sample (built in).",
              DatasetKinds())
      .Option(&Self::root, "root", "Folder of the data set; packed: its file.")
      .Option(&Self::splits, "splits", "STL-10 files to train on, one after the other.",
              OneOf{{"train", "test", "unlabeled"}})
      .Option(&Self::if_missing, "if_missing",
              "Data set not there: train on the built-in sample set, or stop with an error.",
              Choices<IfMissing>{{{"sample", IfMissing::kSample}, {"error", IfMissing::kError}}})
      .Option(&Self::seed, "seed", "Seed of the sample set's pictures.")
      .Option(&Self::sample_images, "sample_images",
              "Pictures of the sample set to train on; a quarter as many again for evaluation.",
              AtLeast{1})
      .Option(&Self::sample_size, "sample_size", "Side of the sample set's pictures, pixels.",
              Between{8, 1024});
}

void ImageDataset::Declare(NodeSpec& spec) {
  spec.Doc("The data set: images to train on, and labelled ones for the kNN evaluation.")
      .Options(&ImageDataset::options_);
}

void ImageDataset::Open(const OpenContext& context) {
  options_.names = [&context](std::string_view option) { return context.NameOf(option); };
  Open(options_);
}

void ImageDataset::Open(const DatasetOptions& options) {
  set_ = OpenImageSet(options, &substitution_message_);
}

FLOWTRAIN_REGISTER(ImageDataset);

}  // namespace flowtrain
