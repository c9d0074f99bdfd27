#include "nodes/source/dataset.h"

#include <filesystem>

#include "nodes/source/folder.h"
#include "nodes/source/sample_set.h"
#include "nodes/source/stl10.h"
#include "pipeline/error.h"
#include "pipeline/registry.h"

namespace flowtrain {

const char kHowToGetStl10[] =
    "To get STL-10 (2.6 GB): wget http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz && "
    "mkdir -p data && tar xzf stl10_binary.tar.gz -C data (or set data.root to its stl10_binary "
    "folder)";

bool DatasetIsThere(const std::string& kind, const std::string& root,
                    const std::vector<std::string>& splits, std::string* why) {
  std::string missing;
  if (kind == "stl10") {
    for (const std::string& file : Stl10Files(root, splits)) {
      if (missing.empty() && !std::filesystem::exists(file)) {
        missing = file + " does not exist. " + kHowToGetStl10;
      }
    }
  } else if (kind == "folder" && !std::filesystem::is_directory(root)) {
    missing = "the folder '" + root + "' does not exist; set data.root to a folder of images";
  }
  if (why != nullptr) *why = missing;
  return missing.empty();
}

void ImageDataset::Declare(NodeSpec& spec) {
  spec.Doc(
          "The images of a run: STL-10's binary files, a folder of images, or the built-in sample "
          "set.")
      .Option(&ImageDataset::kind_, "kind", std::string("sample"),
              "stl10 (official binary files), folder (of images) or sample (built in).",
              OneOf{{"stl10", "folder", "sample"}})
      .Option(&ImageDataset::root_, "root", std::string(), "Folder of the data set.")
      .Option(&ImageDataset::splits_, "splits", std::vector<std::string>{"train", "unlabeled"},
              "Of stl10: what to train on.", OneOf{{"train", "test", "unlabeled"}})
      .Option(&ImageDataset::if_missing_, "if_missing", std::string("error"),
              "When the files are not there: sample (the program takes the built-in set) or error.",
              OneOf{{"sample", "error"}})
      .Option(&ImageDataset::seed_, "seed", int64_t{42}, "Of the built-in pictures.", AtLeast{0})
      .Option(&ImageDataset::sample_images_, "sample_images", int64_t{2000},
              "Built-in pictures to train on; a quarter as many again are there to judge by.",
              AtLeast{10})
      .Option(&ImageDataset::sample_size_, "sample_size", 96, "Side of a built-in picture, pixels.",
              Between{16, 1024});
}

void ImageDataset::Open(const OpenContext&) {
  if (kind_ == "sample") {
    opened_ = OpenSampleSet(static_cast<uint64_t>(seed_), static_cast<uint64_t>(sample_images_),
                            sample_size_);
    return;
  }
  if (std::string why; !DatasetIsThere(kind_, root_, splits_, &why)) throw DataError(why);
  opened_ = kind_ == "stl10" ? OpenStl10(root_, splits_) : OpenFolder(root_);
}

FLOWTRAIN_REGISTER_RESOURCE(ImageDataset);

}  // namespace flowtrain
