// A list of images: whatever it says, only what lies in its folder is there.
#include <vector>

#include "nodes/data/list_set.h"
#include "pipeline/base/error.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flowtrain;
  static const fuzz::Folder folder;
  static const std::string image = folder.Write("a.jpg", {1, 2, 3});
  const std::string list = folder.Write("list.csv", fuzz::Bytes(data, size));
  try {
    const auto set = OpenList(list, {});
    std::vector<uint8_t> storage;
    const auto classes = static_cast<int32_t>(set->classes().size());
    fuzz::Require(set->size() > 0, "a set has images");
    for (uint64_t id = 0; id < set->size(); ++id) {
      const EncodedImage one = set->Fetch(id, storage);
      fuzz::Require(one.label >= -1 && one.label < classes, "a label is of a class");
      fuzz::Require(!set->ImageName(id).empty(), "an image has a name");
    }
    set->evaluation();
    for (const std::string& note : set->Notes())
      fuzz::Require(!note.empty(), "a note says something");
  } catch (const ConfigError&) {
  }
  return 0;
}
