#include "nodes/data/dataset.h"

#include "nodes/data/cifar_set.h"
#include "nodes/data/data_root.h"
#include "nodes/data/folder_set.h"
#include "nodes/data/list_set.h"
#include "nodes/data/packed_set.h"
#include "nodes/data/sample_notice.h"
#include "nodes/data/sample_set.h"
#include "nodes/data/stl10_set.h"
#include "nodes/data/tar_set.h"
#include "nodes/web/web_place.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

std::string SubstitutionMessage(const std::string& why, const DatasetOptions& options,
                                const ImageSet& sample) {
  const auto [missing, instead, advice] =
      SampleNotice(why, sample.Description(), NameOf(options.names, "if_missing"));
  return missing + '\n' + instead + '\n' + advice;
}

std::unique_ptr<ImageSet> OpenSample(const DatasetOptions& options) {
  return MakeSampleSet(options.seed, options.sample_images, options.sample_size);
}

std::unique_ptr<ImageSet> OpenConfigured(const DatasetOptions& options) {
  if (IsWebAddress(options.root) && options.kind != DatasetKind::kTar &&
      options.kind != DatasetKind::kSample) {
    throw ConfigError(PrintableName(options.root) + ", which " + NameOf(options.names, "root") +
                      " names, is on a server, from which only tar files are read: set " +
                      NameOf(options.names, "kind") + " to tar");
  }
  switch (options.kind) {
    case DatasetKind::kStl10:
      return OpenStl10(options.root, options.splits, options.names);
    case DatasetKind::kCifar10:
      return OpenCifar(Cifar::k10, options.root, options.splits, options.names);
    case DatasetKind::kCifar100:
      return OpenCifar(Cifar::k100, options.root, options.splits, options.names);
    case DatasetKind::kFolder:
      return OpenFolder(options.root, options.splits, options.names);
    case DatasetKind::kList:
      return OpenList(options.root, options.splits, options.names);
    case DatasetKind::kTar:
      return OpenTar(options.root, options.splits, options.names, options.remote, options.stop);
    case DatasetKind::kPacked:
      return OpenPacked(options.root, options.names);
    case DatasetKind::kSample:
      break;
  }
  return OpenSample(options);
}

}  // namespace

Choices<DatasetKind> DatasetKinds() {
  return {{{"stl10", DatasetKind::kStl10},
           {"cifar10", DatasetKind::kCifar10},
           {"cifar100", DatasetKind::kCifar100},
           {"folder", DatasetKind::kFolder},
           {"list", DatasetKind::kList},
           {"tar", DatasetKind::kTar},
           {"packed", DatasetKind::kPacked},
           {"sample", DatasetKind::kSample}}};
}

namespace {

bool IsDefault(const DatasetOptions& options) {
  return options.kind == DatasetKind::kStl10 && options.root == DatasetOptions().root;
}

// Of the default nobody may have heard: what to do is more than to look for a misspelling.
void NeedDefaultData(const DatasetOptions& options) {
  if (!IsDefault(options) || !LeadsToNothing(options.root)) return;
  const std::string packed = PackedBeside(options.root);
  if (!packed.empty()) return;
  throw ConfigError(
      NameOf(options.names, "root") + ": there is no folder " + options.root +
      ". To download STL-10 (2.6 GB): flowtrain fetch stl10. For images of yours, set " +
      "data.kind and data.root; data.kind=sample is the built-in set");
}

}  // namespace

bool SampleStandsIn(const DatasetOptions& options, std::string* why) {
  if (options.splits.empty()) {
    throw ConfigError(NameOf(options.names, "splits") +
                      " is empty: name what to train on, or leave it out");
  }
  if (options.kind == DatasetKind::kStl10) CheckStl10Splits(options.splits, options.names);
  if (!IsDefault(options) || options.if_missing != IfMissing::kSample) return false;
  if (!LeadsToNothing(options.root)) return false;
  if (why != nullptr) {
    *why = "there is no folder " + options.root + ", the default of " +
           NameOf(options.names, "root") + PackedBeside(options.root);
  }
  return true;
}

std::unique_ptr<ImageSet> OpenImageSet(const DatasetOptions& options,
                                       std::string* substitution_message) {
  substitution_message->clear();
  std::string why;
  if (!SampleStandsIn(options, &why)) {
    NeedDefaultData(options);
    return OpenConfigured(options);
  }
  auto set = OpenSample(options);
  *substitution_message = SubstitutionMessage(why, options, *set);
  return set;
}

void DatasetOptions::Declare(OptionsOf<DatasetOptions>& options) {
  using Self = DatasetOptions;
  options
      .Option(
          &Self::kind, "kind",
          "stl10, cifar10, cifar100 (official binary files), folder (of images), list (of paths "
          "and "
          "labels, CSV), tar (shards, as webdataset's), packed (file of flowtrain pack), sample "
          "(built in).",
          DatasetKinds())
      .Option(&Self::root, "root",
              "Folder of the data set; list, packed: its file; tar: a file, a folder of them, or a "
              "pattern such as shard-{000000..000146}.tar, which may be on a server (https://…, "
              "s3://BUCKET/…).")
      .Option(&Self::splits, "splits",
              "What to train on, one after the other: of stl10 its files (train, test, unlabeled), "
              "of cifar10 and cifar100 train and test, of a folder, list or tar that has them "
              "train, val, ….")
      .Option(
          &Self::if_missing, "if_missing",
          "The default data set is not there: train on the built-in sample set, or stop with an "
          "error. A data set that was named is never replaced.",
          Choices<IfMissing>{{{"sample", IfMissing::kSample}, {"error", IfMissing::kError}}})
      .Option(&Self::seed, "seed", "Seed of the built-in set's pictures.")
      .Option(&Self::sample_images, "sample_images",
              "Pictures of the sample set to train on; a quarter as many again for evaluation.",
              AtLeast{1})
      .Option(&Self::sample_size, "sample_size", "Side of the built-in set's pictures, pixels.",
              Between{8, 1024})
      .Options(&Self::remote);
}

void ImageDataset::Declare(NodeSpec& spec) {
  spec.Doc("The data set: images to train on, and labelled ones for the kNN evaluation.")
      .Options(&ImageDataset::options_);
}

void ImageDataset::Open(const OpenContext& context) {
  options_.names = [&context](std::string_view option) { return context.NameOf(option); };
  options_.stop = [&run = context.run()] { return run.draining(); };
  Open(options_);
}

void ImageDataset::Open(const DatasetOptions& options) {
  set_ = OpenImageSet(options, &substitution_message_);
  kind_ = substituted() ? DatasetKind::kSample : options.kind;
  for (const std::string& note : set_->Notes()) LogWarning(note);
  CheckExpected();
}

void ImageDataset::CheckExpected() const {
  if (!expected_) return;
  const std::string difference = DifferenceOf(expected_->identity, identity());
  if (difference.empty()) return;
  const std::string what = "the data set (" + set_->Description() + ") is not the one of " +
                           expected_->checkpoint + ": " + difference;
  if (!expected_->or_warn) {
    throw ConfigError(what +
                      ". Give it back the images it had; or begin a new run (--init takes over the "
                      "weights); or go on all the same with --resume-anyway");
  }
  LogWarning(what + "; the run goes on all the same, with other images than it would have had");
}

FLOWTRAIN_REGISTER(ImageDataset);

}  // namespace flowtrain
