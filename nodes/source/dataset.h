// The images of a run: what `data.kind` names.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pipeline/node.h"

namespace flowtrain {

// How the bytes of an image are to be read.
enum class Encoding : uint8_t {
  kFile,         // a file's bytes: JPEG, PNG, …
  kStl10Planes,  // uint8 [3, width, height]: channel, then column, then row
  kRgb           // uint8 [height, width, 3]
};

struct EncodedImage {
  std::span<const uint8_t> bytes;
  Encoding encoding = Encoding::kFile;
  int32_t label = -1;         // class, from 0; -1 where there is none
  int height = 0, width = 0;  // not of kFile: the file says
  std::string error;          // why the bytes could not be had; empty when they could
};

// A list of images. Thread-safe once made.
class ImageSet {
 public:
  virtual ~ImageSet() = default;
  virtual uint64_t size() const = 0;
  virtual Encoding encoding() const = 0;  // of all its images
  // Image `id` < size(). Its bytes lie in the set's own mapping, or in `storage`.
  virtual EncodedImage Fetch(uint64_t id, std::vector<uint8_t>& storage) const = 0;
  virtual std::string Name(uint64_t id) const = 0;  // "train_X.bin[17]", "dogs/rex.jpg"
};

// Images with labels, on which a frozen backbone is judged: each query by its nearest neighbours in
// the bank.
struct LabelledImages {
  std::shared_ptr<const ImageSet> bank, queries;
  bool leave_one_out =
      false;  // bank and queries are the same images; an image is not its own neighbour
  int classes = 0;
  std::string why_not;  // why there are none; empty when there are
};

// A data set opened: images to train on and images to judge by.
struct OpenedDataset {
  std::shared_ptr<const ImageSet> train;
  LabelledImages labelled;
  std::string description;  // "STL-10 (train, unlabeled), 96x96"
};

// True when the files of the data set are there (they may still be broken). `why` then says what is
// missing, and how to get it.
bool DatasetIsThere(const std::string& kind, const std::string& root,
                    const std::vector<std::string>& splits, std::string* why);

// What to tell someone who has no STL-10.
extern const char kHowToGetStl10[];

// The resource that the source, the decoder and the evaluation share.
class ImageDataset final : public Resource {
 public:
  static void Declare(NodeSpec& spec);
  // Throws DataError for a data set that is missing or broken.
  void Open(const OpenContext& context) override;

  const ImageSet& train() const { return *opened_.train; }
  const LabelledImages& labelled() const { return opened_.labelled; }
  const std::string& description() const { return opened_.description; }

 private:
  std::string kind_, root_, if_missing_;  // options
  std::vector<std::string> splits_;
  int64_t seed_ = 0, sample_images_ = 0;
  int sample_size_ = 0;

  OpenedDataset opened_;
};

}  // namespace flowtrain
