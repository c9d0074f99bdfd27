// The interface of every kind of data set. ImageDataset holds one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nodes/image/encoded_image.h"
#include "nodes/run/bad_image_file.h"

namespace flowtrain {

// A list of images with labels. Const methods may be called from any thread.
class LabelledImages {
 public:
  virtual ~LabelledImages() = default;
  virtual uint64_t size() const = 0;
  // "STL-10 train": what messages call the list.
  virtual std::string Name() const { return "labelled images"; }
  // As ImageSet::Fetch, with `label` set.
  virtual EncodedImage Fetch(uint64_t index, std::vector<uint8_t>& storage) const = 0;
  // As ImageSet::ImageName.
  virtual std::string ImageName(uint64_t index) const {
    return "evaluation image " + std::to_string(index);
  }
  // The id of the same image among those to train on; -1 where it is not one of them.
  virtual int64_t TrainingId(uint64_t /*index*/) const { return -1; }
};

// Where the kNN evaluation takes its images from. Both lists belong to the data set.
struct Evaluation {
  const LabelledImages* bank = nullptr;     // neighbours are looked for among these
  const LabelledImages* queries = nullptr;  // these are classified
  bool leave_one_out = false;  // bank and queries are one list: no image is its own neighbour
  std::string why_not;         // both null: why there is no evaluation

  bool possible() const { return bank != nullptr; }
};

// Images that lie together, in a shard, and are better used one block after the other.
struct ImageBlocks {
  std::vector<uint64_t> images;  // of each block, in the order of their ids; empty: no matter
  size_t mixed = 0;              // blocks whose images are mixed
  size_t expected = 0;           // blocks that it is of use to expect; 0: none
};

// What waiting for shards of a server has cost so far.
struct DownloadWait {
  double seconds = 0;   // in which something waited for a shard
  uint64_t shards = 0;  // downloaded
  uint64_t bytes = 0;   // of these
  std::string now;      // "train-000012.tar: 14 of 120 MB"; empty: nothing waits
};

class ImageSet {
 public:
  virtual ~ImageSet() = default;

  virtual uint64_t size() const = 0;
  // Throws DataError where the set as a whole has become unreadable, Interrupted where the run stops
  // while a shard is waited for.
  virtual EncodedImage Fetch(uint64_t id, std::vector<uint8_t>& storage) const = 0;
  // Throws DataError where a file that holds many images was cut short, or its size has changed.
  // Makes system calls: for occasional use.
  virtual void CheckFiles() const {}
  virtual ImageBlocks Blocks() const { return {}; }
  // The blocks that are needed from now on, in this order. Any thread may call it.
  virtual void Expect(const std::vector<uint32_t>& /*blocks*/) const {}
  virtual std::optional<DownloadWait> Downloads() const { return std::nullopt; }
  virtual int image_height() const = 0;
  virtual int image_width() const = 0;
  virtual std::string ImageName(uint64_t id) const = 0;
  virtual std::string Description() const = 0;
  // What is known from the start to be left out of the set.
  virtual std::vector<BadImageRow> LeftOut() const { return {}; }
  // The splits that are trained on, in their order; empty: the images are in none.
  virtual std::vector<std::string> splits() const { return {}; }
  virtual const std::vector<std::string>& classes() const = 0;
  virtual Evaluation evaluation() const = 0;
  // What a user should know of the set as it was found, a sentence each: files that are not taken,
  // images without a label, ….
  virtual std::vector<std::string> Notes() const { return {}; }
};

}  // namespace flowtrain
