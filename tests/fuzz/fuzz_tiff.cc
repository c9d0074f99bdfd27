// TIFF, by libtiff.
#include "tests/fuzz/fuzz_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  flowtrain::fuzz::FuzzFormat(flowtrain::Reader::kTiff, {data, size});
  return 0;
}
