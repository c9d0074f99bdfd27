#include "nodes/data/kind_at.h"

#include <filesystem>
#include <system_error>

#include "nodes/data/cifar_set.h"
#include "nodes/data/folder_list.h"
#include "nodes/data/stl10_set.h"
#include "nodes/data/tar_shards.h"
#include "nodes/image/image_extension.h"

namespace flowtrain {

namespace {

DatasetKind KindOfFile(const std::string& path) {
  const std::string extension = ExtensionOf(path);
  if (extension == "tar") return DatasetKind::kTar;
  const bool is_text = extension == "csv" || extension == "txt" || extension == "lst";
  return is_text ? DatasetKind::kList : DatasetKind::kPacked;
}

}  // namespace

DatasetKind KindAt(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(path, ignored)) return KindOfFile(path);
  if (IsTarPattern(path)) return DatasetKind::kTar;
  if (HoldsStl10(path)) return DatasetKind::kStl10;
  if (HoldsCifar(Cifar::k10, path)) return DatasetKind::kCifar10;
  if (HoldsCifar(Cifar::k100, path)) return DatasetKind::kCifar100;
  return HoldsTarShards(path) ? DatasetKind::kTar : DatasetKind::kFolder;
}

}  // namespace flowtrain
