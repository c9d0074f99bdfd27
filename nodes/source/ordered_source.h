// Where images to evaluate come from: each once, in order.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nodes/data/bad_images.h"
#include "nodes/data/dataset.h"
#include "nodes/image/image_sample.h"
#include "pipeline/node/node.h"

namespace flowtrain {

class Ranks;
class RunDir;
class RunControl;

// The id of a sample that stands for no image: the last batch is filled up with them, and they take
// the place of images that cannot be read.
constexpr uint64_t kNoImage = UINT64_MAX;

// Fetches every image once, in order, in whole batches, each of which is a window.
//
// images: labelled   those of the data set's evaluation: ids 0 … bank - 1 are the bank, those after
//                    it the queries, unless the two are one list.
// images: all        those to train on, under their own ids.
//
// Several ranks share the batches, which are those of one rank: each takes some in a row (ShareOf).
//
// An image that cannot be read is listed in the run directory's bad_images.csv and left out: its
// row has the id kNoImage and a black view.
//
// Output  ids  sample  encoded bytes, their label, height and width where they are known.
// Memory  per sample slot: the encoded bytes of an image; none where the data set is mapped.
// Threads Process: any number; the rest one at a time.
//
// Example:
//   source: {type: OrderedSource, out: ids, workers: 6, options: {images: labelled}}
class OrderedSource final : public SourceNode {
 public:
  static void Declare(NodeSpec& spec);
  // Throws ConfigError where the data set has no labelled images.
  void Open(const OpenContext& context) override;
  void Start() override;
  // Throws DataError where not one image could be used. Of several ranks each learns of the bad images
  // of all, and all stop where one has.
  void Flush() override;

  std::unique_ptr<Payload> NewPayload() override { return std::make_unique<ImageSample>(); }
  bool AdmitBatch(Batch& batch) override;
  void AdmitSample(Sample& sample) override;
  void Substitute(Sample& sample) override;
  Outcome Process(Sample& sample, Worker& worker) override;
  uint64_t size() const override;  // images of all ranks

  // Which images, in words: "STL-10 train, 5,000 images (bank); STL-10 test, 8,000 (queries)".
  std::string Description() const;

 private:
  EncodedImage Fetch(uint64_t id, std::vector<uint8_t>& storage) const;
  std::string NameOf(uint64_t id) const;
  void ChooseImages(const OpenContext& context);
  bool several() const;
  void ShareBatches(const OpenContext& context);
  bool StopsWithOthers();
  void HearFromOthers();

  enum class Images : uint8_t { kLabelled, kAll };

  Images images_ = Images::kLabelled;  // option
  ImageDataset* dataset_ = nullptr;
  RunDir* run_dir_ = nullptr;  // null: there is none
  Ranks* ranks_ = nullptr;     // null: there is one
  RunControl* run_ = nullptr;
  BadImages bad_images_{"evaluation"};
  uint64_t batches_ = 0;  // of all ranks
  uint64_t first_batch_ = 0, own_batches_ = 0;
  std::vector<const LabelledImages*> lists_;  // one after the other; empty: those to train on
};

}  // namespace flowtrain
