#include "nodes/source/window_size.h"

#include <charconv>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

constexpr int64_t kMostBatches = 1 << 20;

int64_t ReadNumber(const std::string& text, const WindowNames& names) {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number < 1 || number > kMostBatches) {
    throw ConfigError(names.accumulation + " is '" + text +
                      "'; it must be an integer >= 1, or auto");
  }
  return number;
}

}  // namespace

int WindowSize(const std::string& accumulation, int64_t effective_batch, int64_t batch_size,
               const WindowNames& names, int ranks) {
  const std::string effective =
      names.effective_batch + ", which is " + std::to_string(effective_batch) + ',';
  const std::string batch = names.batch_size + ", which is " + std::to_string(batch_size);
  if (accumulation != kAutoAccumulation) {
    const int64_t number = ReadNumber(accumulation, names) * ranks;
    if (effective_batch != 0 && effective_batch != number * batch_size) {
      throw ConfigError(effective + " is not " + accumulation + " (" + names.accumulation +
                        ") times " + batch +
                        (ranks == 1 ? "" : ", times " + std::to_string(ranks) + " ranks") +
                        ": set it to 0, or " + names.accumulation + " to auto");
    }
    return static_cast<int>(number);
  }
  if (effective_batch == 0) {
    throw ConfigError(names.accumulation + " is auto and needs " + names.effective_batch +
                      ", the number of images per optimiser step");
  }
  if (effective_batch % batch_size != 0) {
    throw ConfigError(effective + " must be a multiple of " + batch);
  }
  return static_cast<int>(effective_batch / batch_size);
}

}  // namespace flowtrain
