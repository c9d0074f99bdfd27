// A tar file, as it is and with the checksums of its headers put right, behind which their checks are
// hidden; then the same input as an index that was kept.
#include <cstring>
#include <string>
#include <vector>

#include "nodes/data/tar_set.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/xxh64.h"
#include "tests/fuzz/fuzz.h"

namespace flowtrain {
namespace {

// Every block that has the type of a member where a header would have it gets the right checksum.
std::vector<uint8_t> Sealed(fuzz::Bytes bytes) {
  std::vector<uint8_t> file(bytes.begin(), bytes.end());
  for (size_t at = 0; at + 512 <= file.size(); at += 512) {
    uint8_t* block = file.data() + at;
    if (std::memchr("01235xgLKS", block[156], 10) == nullptr || block[0] == 0) continue;
    std::memset(block + 148, ' ', 8);
    unsigned sum = 0;
    for (int i = 0; i < 512; ++i) sum += block[i];
    std::snprintf(reinterpret_cast<char*>(block) + 148, 8, "%06o", sum);
  }
  return file;
}

void FetchAll(const ImageSet& set, size_t file_bytes) {
  std::vector<uint8_t> storage;
  const auto classes = static_cast<int32_t>(set.classes().size());
  for (uint64_t id = 0; id < set.size(); ++id) {
    const EncodedImage image = set.Fetch(id, storage);
    fuzz::Require(image.bytes.size() <= file_bytes, "an image lies in its file");
    fuzz::Require(image.label >= -1 && image.label < classes, "a label is of a class");
    set.ImageName(id);
  }
  set.evaluation();
}

void Open(const fuzz::Folder& folder, fuzz::Bytes bytes) {
  folder.Write("a.tar", bytes);
  try {
    FetchAll(*OpenTar(folder / "a.tar", {}), bytes.size());
  } catch (const DataError&) {
  } catch (const ConfigError&) {  // it holds no images
  }
}

// The kept index of another file of the same size and time may say anything.
void OpenWithIndex(const fuzz::Folder& folder, fuzz::Bytes bytes) {
  std::string index = "flowtrain tar index 1\n";
  index.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const uint64_t sum = Xxh64({reinterpret_cast<const uint8_t*>(index.data()), index.size()});
  index.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  folder.Write(".flowtrain-tar-index", index);
  Open(folder, {});
  std::filesystem::remove(folder / ".flowtrain-tar-index");
}

}  // namespace
}  // namespace flowtrain

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flowtrain;
  static const fuzz::Folder folder;
  std::filesystem::remove(folder / ".flowtrain-tar-index");
  Open(folder, {data, size});
  Open(folder, Sealed({data, size}));
  OpenWithIndex(folder, {data, size});
  return 0;
}
