// STL-10's files: the input's last bytes are their sizes, the rest labels and names of classes.
#include <numeric>
#include <vector>

#include "nodes/data/stl10_set.h"
#include "pipeline/base/error.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flowtrain;
  static const fuzz::Folder folder;
  fuzz::Bytes rest(data, size);
  fuzz::Tail tail(rest);
  for (const char* name : {"train", "test"}) {
    const uint32_t images = tail.Below(6), more = tail.Below(8) == 0 ? tail.Below(27648) : 0;
    const std::string base = folder / name;
    folder.Write(std::string(name) + "_X.bin", "");
    std::filesystem::resize_file(base + "_X.bin", images * kStl10ImageBytes + more);
    const size_t wanted = tail.Below(8);  // before the size is looked at: it takes off the end
    const size_t labels = std::min(wanted, rest.size());
    folder.Write(std::string(name) + "_y.bin", rest.first(labels));
    rest = rest.subspan(labels);
  }
  folder.Write("class_names.txt", rest);
  try {
    const auto set = OpenStl10(folder.path(), {"train"});
    std::vector<uint8_t> storage;
    for (uint64_t id = 0; id < set->size(); ++id) {
      const EncodedImage image = set->Fetch(id, storage);
      fuzz::Require(image.bytes.size() == kStl10ImageBytes, "an image has all its bytes");
      fuzz::Require(std::accumulate(image.bytes.begin(), image.bytes.end(), 0) == 0, "zeros");
      fuzz::Require(image.label >= -1 && image.label < 10, "a label is of a class");
      set->ImageName(id);
    }
    set->evaluation();
    fuzz::Require(set->classes().size() == 10, "there are ten classes");
  } catch (const DataError&) {
  }
  return 0;
}
