#include "nodes/decode/encode_png.h"

#include <spng.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>

namespace flowtrain {
namespace {

struct FreeEncoder {
  void operator()(spng_ctx* context) const { spng_ctx_free(context); }
};

void CheckSpng(int error) {
  if (error != 0)
    throw std::runtime_error(std::string("cannot encode PNG: ") + spng_strerror(error));
}

}  // namespace

std::vector<uint8_t> EncodePng(std::span<const uint8_t> rgb, int height, int width) {
  const std::unique_ptr<spng_ctx, FreeEncoder> context(spng_ctx_new(SPNG_CTX_ENCODER));
  if (context == nullptr) throw std::bad_alloc();
  spng_ihdr header{};
  header.height = static_cast<uint32_t>(height);
  header.width = static_cast<uint32_t>(width);
  header.bit_depth = 8;
  header.color_type = SPNG_COLOR_TYPE_TRUECOLOR;
  CheckSpng(spng_set_option(context.get(), SPNG_ENCODE_TO_BUFFER, 1));
  CheckSpng(spng_set_ihdr(context.get(), &header));
  CheckSpng(
      spng_encode_image(context.get(), rgb.data(), rgb.size(), SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE));
  size_t size = 0;
  int error = 0;
  const std::unique_ptr<void, decltype(&std::free)> file(
      spng_get_png_buffer(context.get(), &size, &error), &std::free);
  CheckSpng(error);
  const auto* bytes = static_cast<const uint8_t*>(file.get());
  return {bytes, bytes + size};
}

}  // namespace flowtrain
