#include "pipeline/node/packet.h"

namespace flowtrain {

const char* ToString(Stream stream) {
  switch (stream) {
    case Stream::kSample:
      return "sample";
    case Stream::kBatch:
      return "batch";
    case Stream::kStep:
      return "step";
  }
  return "?";
}

std::string Describe(const Packet& packet) {
  switch (packet.stream) {
    case Stream::kSample: {
      const auto& sample = static_cast<const Sample&>(packet);
      return "image " + std::to_string(sample.id) + " (epoch " + std::to_string(sample.epoch + 1) +
             ')';
    }
    case Stream::kBatch:
      return "batch " + std::to_string(packet.seq);
    case Stream::kStep:
      return "step " + std::to_string(static_cast<const Step&>(packet).step + 1);
  }
  return {};
}

}  // namespace flowtrain
