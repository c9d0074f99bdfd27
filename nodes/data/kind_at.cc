#include "nodes/data/kind_at.h"

#include <filesystem>
#include <system_error>

#include "nodes/data/cifar_set.h"
#include "nodes/data/stl10_set.h"

namespace flowtrain {

DatasetKind KindAt(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) return DatasetKind::kPacked;
  if (HoldsStl10(path)) return DatasetKind::kStl10;
  if (HoldsCifar(Cifar::k10, path)) return DatasetKind::kCifar10;
  if (HoldsCifar(Cifar::k100, path)) return DatasetKind::kCifar100;
  return DatasetKind::kFolder;
}

}  // namespace flowtrain
