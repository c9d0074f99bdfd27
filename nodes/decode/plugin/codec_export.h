// What the codec plug-ins share: a C++ function becomes the C function that they export.
#pragma once

#include <cstdio>
#include <exception>
#include <new>
#include <span>
#include <stdexcept>
#include <string>

#include "nodes/decode/plugin/codec.h"

namespace flowtrain::codec {

using File = std::span<const uint8_t>;

// Ends the decoding of an image: why it is not read.
class Refusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The program does not want the image, and knows why.
class NotWanted {};

struct Place {
  flowtrain_part part;
  uint8_t* pixels;
};

inline Place Begin(const flowtrain_host& host, const flowtrain_stored_image& image) {
  Place place{};
  place.pixels = host.begin(host.user, &image, &place.part);
  if (place.pixels == nullptr) throw NotWanted();
  return place;
}

inline int Run(void (*decode)(File, const flowtrain_host&), const uint8_t* bytes, size_t size,
               const flowtrain_host* host, char* why, size_t why_bytes) {
  try {
    decode({bytes, size}, *host);
    return 1;
  } catch (const std::bad_alloc&) {
    std::snprintf(why, why_bytes, "there is not enough memory for it");
  } catch (const std::exception& error) {
    std::snprintf(why, why_bytes, "%s", error.what());
  } catch (const NotWanted&) {
    std::snprintf(why, why_bytes, "it is not wanted");
  }
  return 0;
}

}  // namespace flowtrain::codec

// Exports `decode`, a void (File, const flowtrain_host&).
#define FLOWTRAIN_EXPORT_CODEC(decode)                                          \
  extern "C" __attribute__((visibility("default"))) int flowtrain_decode_3(     \
      const uint8_t* bytes, size_t size, const flowtrain_host* host, char* why, \
      size_t why_bytes) {                                                       \
    return flowtrain::codec::Run(decode, bytes, size, host, why, why_bytes);    \
  }                                                                             \
  static_assert(true)
