// A packed file: as it is, and with the checksums of its header and tables put right, behind which
// their checks are hidden.
#include <cstring>
#include <vector>

#include "nodes/data/packed_format.h"
#include "nodes/data/packed_set.h"
#include "nodes/decode/decode.h"
#include "nodes/decode/decode_scratch.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/xxh64.h"
#include "tests/fuzz/fuzz.h"

namespace flowtrain {
namespace {

std::vector<uint8_t> Sealed(fuzz::Bytes bytes) {
  std::vector<uint8_t> file(bytes.begin(), bytes.end());
  PackedHeader header;
  if (file.size() < sizeof header) return file;
  std::memcpy(&header, file.data(), sizeof header);
  header.magic = kPackedMagic;
  header.version = kPackedVersion;
  header.header_bytes = sizeof header;
  header.file_bytes = file.size();
  if (header.index_offset <= file.size()) {
    header.tables_checksum = Xxh64(fuzz::Bytes(file).subspan(header.index_offset));
  }
  const auto* raw = reinterpret_cast<const uint8_t*>(&header);
  header.header_checksum = Xxh64({raw, offsetof(PackedHeader, header_checksum)});
  std::memcpy(file.data(), &header, sizeof header);
  return file;
}

void FetchAll(const ImageSet& set) {
  DecodeScratch scratch;
  RgbImage rgb;
  std::string why;
  std::vector<uint8_t> storage;
  for (uint64_t id = 0; id < set.size(); ++id) {
    const EncodedImage image = set.Fetch(id, storage);
    set.ImageName(id);
    if (!image.error.empty()) continue;
    fuzz::Require(DecodeToRgb(image, scratch, nullptr, rgb, &why), "a sound image has its bytes");
  }
  const Evaluation evaluation = set.evaluation();
  if (!evaluation.possible()) return;
  for (uint64_t i = 0; i < evaluation.bank->size(); ++i) evaluation.bank->Fetch(i, storage);
}

void Open(fuzz::Bytes bytes) {
  static const fuzz::Folder folder;
  try {
    FetchAll(*OpenPacked(folder.Write("set.ftpack", bytes)));
  } catch (const ConfigError&) {  // it is not a packed file
  } catch (const DataError&) {
  }
}

}  // namespace
}  // namespace flowtrain

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  flowtrain::Open({data, size});
  flowtrain::Open(flowtrain::Sealed({data, size}));
  return 0;
}
