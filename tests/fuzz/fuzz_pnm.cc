// PBM, PGM, PPM and PAM.
#include "tests/fuzz/fuzz_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flowtrain;
  fuzz::FuzzFormat(Reader::kPnm, {data, size});
  fuzz::FuzzFormat(Reader::kPam, {data, size});
  return 0;
}
