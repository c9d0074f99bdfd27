#include "nodes/source/window_size.h"

#include <charconv>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

constexpr int64_t kMostBatches = 1 << 20;

int64_t ReadNumber(const std::string& text) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number < 1 || number > kMostBatches) {
    throw ConfigError("gpu.gradient_accumulation is '" + text +
                      "'; it takes a whole number from 1, or auto");
  }
  return number;
}

}  // namespace

int WindowSize(const std::string& accumulation, int64_t effective_batch, int64_t batch_size) {
  const std::string effective = "train.effective_batch (" + std::to_string(effective_batch) + ')';
  const std::string batch = "data.batch_size (" + std::to_string(batch_size) + ')';
  if (accumulation != kAutoAccumulation) {
    const int64_t number = ReadNumber(accumulation);
    if (effective_batch != 0 && effective_batch != number * batch_size) {
      throw ConfigError(effective + " is not " + batch + " x gpu.gradient_accumulation (" +
                        accumulation + "): set it to 0, or gpu.gradient_accumulation to auto");
    }
    return static_cast<int>(number);
  }
  if (effective_batch == 0) {
    throw ConfigError("gpu.gradient_accumulation=auto needs train.effective_batch, the images of " +
                      std::string("an optimiser step"));
  }
  if (effective_batch % batch_size != 0) {
    throw ConfigError(effective + " must be a multiple of " + batch);
  }
  return static_cast<int>(effective_batch / batch_size);
}

}  // namespace flowtrain
