#include "nodes/source/list_left_out.h"

#include <vector>

#include "nodes/data/bad_images.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {

void ListLeftOut(const ImageDataset& dataset, RunDir& run_dir) {
  std::vector<BadImage> added;
  for (const BadImageRow& row : dataset.LeftOut()) {
    if (run_dir.bad_images().Add(row)) added.push_back({0, row.name, row.reason});
  }
  if (added.empty()) return;
  LogWarning(ShowCount(added.size()) + (added.size() == 1 ? " file is" : " files are") +
             " left out of the data set:" + NameSome(added, run_dir.bad_images().path()));
}

}  // namespace flowtrain
