// A safetensors file.
#include "nodes/train/weights/safetensors.h"
#include "pipeline/base/error.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flowtrain;
  static const fuzz::Folder folder;
  try {
    const Safetensors read =
        ReadSafetensors(folder.Write("weights.safetensors", fuzz::Bytes(data, size)));
    size_t bytes = 0;
    for (const auto& [name, tensor] : read.tensors) bytes += tensor.nbytes();
    fuzz::Require(bytes <= size, "tensors have no more bytes than their file");
  } catch (const DataError&) {
  }
  return 0;
}
