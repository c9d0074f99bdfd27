// CIFAR's files: the input's last bytes say how long each is and how it goes on, the rest is where
// all begin.
#include <vector>

#include "nodes/data/cifar_set.h"
#include "pipeline/base/error.h"
#include "tests/fuzz/fuzz.h"

namespace flowtrain {
namespace {

void Open(Cifar which, const fuzz::Folder& folder) {
  try {
    const auto set = OpenCifar(which, folder.path(), {"train"});
    std::vector<uint8_t> storage;
    const auto classes = static_cast<int32_t>(set->classes().size());
    for (uint64_t id = 0; id < set->size(); ++id) {
      const EncodedImage image = set->Fetch(id, storage);
      fuzz::Require(image.bytes.size() == 3072, "an image has all its bytes");
      fuzz::Require(image.label >= 0 && image.label < classes, "a label is of a class");
      set->ImageName(id);
    }
    set->evaluation();
    fuzz::Require(classes == (which == Cifar::k10 ? 10 : 100), "all classes have a name");
  } catch (const DataError&) {
  } catch (const ConfigError&) {  // a file is not there
  }
}

}  // namespace
}  // namespace flowtrain

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flowtrain;
  static const fuzz::Folder folder;
  fuzz::Bytes rest(data, size);
  fuzz::Tail tail(rest);
  for (const Cifar which : {Cifar::k10, Cifar::k100}) {
    for (const std::string& name : CifarFiles(which)) {
      std::filesystem::remove(folder / name);
      const uint32_t what = tail.Below(16), records = tail.Below(3);
      if (what == 0) continue;
      folder.Write(name, rest.first(std::min<size_t>(rest.size(), tail.Below(4096))));
      if (what < 3 || name.ends_with(".txt")) continue;
      std::filesystem::resize_file(folder / name, records * CifarRecordBytes(which));
    }
    Open(which, folder);
  }
  return 0;
}
