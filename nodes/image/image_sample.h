// What a sample of the graph carries: an image on its way from the data set to a row of a batch.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "nodes/image/encoded_image.h"
#include "nodes/image/rgb_image.h"
#include "pipeline/node/packet.h"

namespace flowtrain {

// Keeps something that a node owns alive for as long as a sample points to it. Can be moved;
// allocates nothing.
class Hold {
 public:
  using Release = void (*)(void* held) noexcept;

  Hold() = default;
  Hold(void* held, Release release) : held_(held), release_(release) {}
  Hold(Hold&& other) noexcept { *this = std::move(other); }
  Hold& operator=(Hold&& other) noexcept {
    Reset();
    held_ = std::exchange(other.held_, nullptr);
    release_ = other.release_;
    return *this;
  }
  ~Hold() { Reset(); }

  void Reset() noexcept {
    if (held_ != nullptr) release_(std::exchange(held_, nullptr));
  }
  explicit operator bool() const { return held_ != nullptr; }

 private:
  void* held_ = nullptr;
  Release release_ = nullptr;
};

// The payload of the samples. Its parts are set as a whole, never field by field.
struct ImageSample final : Payload {
  // Set by the source.
  EncodedImage encoded;
  std::vector<uint8_t> file_bytes;  // backs `encoded` unless that is a view of a mapping

  // Set by the node that decodes, or by a source that has the pixels already: `decoded` then says
  // that there is nothing to decode.
  RgbImage image;
  bool decoded = false;
  Hold hold;  // on pixels that belong to others, until the row is written

  void Release() noexcept override { hold.Reset(); }
};

// The image of a sample. Throws std::logic_error where the source makes samples of another kind.
inline ImageSample& ImageOf(const Sample& sample) {
  auto* image = dynamic_cast<ImageSample*>(sample.payload.get());
  if (image == nullptr) {
    throw std::logic_error("the samples carry no images: they come from a source of another kind");
  }
  return *image;
}

}  // namespace flowtrain
