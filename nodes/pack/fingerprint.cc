#include "nodes/pack/fingerprint.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "nodes/data/cifar_set.h"
#include "nodes/data/data_root.h"
#include "nodes/data/folder_list.h"
#include "nodes/data/list_set.h"
#include "nodes/data/tar_shards.h"
#include "nodes/web/web_place.h"
#include "pipeline/base/files/xxh64.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

// What a fingerprint includes about a file.
std::string FileText(const fs::path& path) {
  std::error_code missing;
  const auto size = fs::file_size(path, missing);
  if (missing) return path.string() + " missing\n";
  const auto time = fs::last_write_time(path, missing).time_since_epoch().count();
  return path.string() + ' ' + std::to_string(size) + ' ' + std::to_string(time) + '\n';
}

std::vector<fs::path> FilesOf(const DatasetOptions& options, const fs::path& root) {
  std::vector<fs::path> files;
  if (options.kind == DatasetKind::kFolder) {
    NeedFolder(options.root, options.names);
    for (const std::string& name : ListFolder(options.root).images) files.push_back(root / name);
  } else if (options.kind == DatasetKind::kStl10) {
    for (const char* split : {"train", "test", "unlabeled"}) {
      for (const char* suffix : {"_X.bin", "_y.bin"}) {
        files.push_back(root / (std::string(split) + suffix));
      }
    }
    files.push_back(root / "class_names.txt");
  } else if (options.kind == DatasetKind::kCifar10 || options.kind == DatasetKind::kCifar100) {
    const Cifar which = options.kind == DatasetKind::kCifar10 ? Cifar::k10 : Cifar::k100;
    for (const std::string& name : CifarFiles(which)) files.push_back(root / name);
  } else if (options.kind == DatasetKind::kList) {
    files.push_back(root);
    for (const std::string& path : PathsOfList(options.root, options.names)) {
      files.push_back(root.parent_path() / path);
    }
  } else if (options.kind == DatasetKind::kTar) {
    const TarShards shards = FindTarShards(options.root, options.names);
    if (shards.remote) return files;  // the address tells them
    for (const std::string& name : shards.names) files.push_back(fs::path(shards.folder) / name);
  } else if (options.kind == DatasetKind::kPacked) {
    files.push_back(root);
  }
  return files;
}

}  // namespace

uint64_t FingerprintOf(const DatasetOptions& options, int max_side) {
  const fs::path root = fs::absolute(options.root).lexically_normal();
  std::string text =
      ChoiceName(DatasetKinds(), options.kind) + "\nmax_side " + std::to_string(max_side) + '\n';
  if (options.kind == DatasetKind::kSample) {
    text += std::to_string(options.seed) + ' ' + std::to_string(options.sample_images) + ' ' +
            std::to_string(options.sample_size);
  } else {
    text += (IsWebAddress(options.root) ? options.root : root.string()) + '\n';
  }
  if (options.max_pixels != kMaxImagePixels) {
    text += "max_pixels " + std::to_string(options.max_pixels) + '\n';
  }
  if (options.kind == DatasetKind::kFolder) text += "labels 2\n";  // of how folders are laid out
  if (options.kind != DatasetKind::kPacked && options.kind != DatasetKind::kSample) {
    for (const std::string& split : options.splits) text += split + '\n';
  }
  for (const fs::path& file : FilesOf(options, root)) text += FileText(file);
  return Xxh64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace flowtrain
