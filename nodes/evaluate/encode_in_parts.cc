#include "nodes/evaluate/encode_in_parts.h"

#include <ATen/Functions.h>

#include <exception>
#include <string>
#include <vector>

#include "nodes/device/out_of_memory.h"
#include "pipeline/base/log.h"

namespace flowtrain {

at::Tensor EncodeInParts::operator()(Device& device, const at::Tensor& images,
                                     const Encode& encode) {
  if (at_a_time_ == 0) at_a_time_ = images.size(0);
  while (true) {
    try {
      std::vector<at::Tensor> parts;
      for (const at::Tensor& part : images.split(at_a_time_)) parts.push_back(encode(part));
      return parts.size() == 1 ? parts.front() : at::cat(parts);
    } catch (const std::exception& error) {
      if (!IsOutOfMemory(error) || at_a_time_ == 1) throw;
      // Room is made outside the handler: the exception still holds memory here.
    }
    at_a_time_ = (at_a_time_ + 1) / 2;
    device.EmptyCache();
    LogWarning("out of memory: images are encoded " + std::to_string(at_a_time_) +
               " at a time from now on, with the same result");
  }
}

}  // namespace flowtrain
