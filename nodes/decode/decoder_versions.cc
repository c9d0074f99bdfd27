#include "nodes/decode/decoder_versions.h"

#include <spng.h>

#include "nodes/decode/jpeg_arena.h"  // jpeglib.h

#define FLOWTRAIN_TEXT_OF(x) #x
#define FLOWTRAIN_TEXT(x) FLOWTRAIN_TEXT_OF(x)

namespace flowtrain {

std::string DecoderVersions() {
#ifdef LIBJPEG_TURBO_VERSION
  const std::string jpeg = "libjpeg-turbo " FLOWTRAIN_TEXT(LIBJPEG_TURBO_VERSION);
#else
  const std::string jpeg = "libjpeg " FLOWTRAIN_TEXT(JPEG_LIB_VERSION);
#endif
  return jpeg + ", libspng " + spng_version_string();
}

}  // namespace flowtrain
