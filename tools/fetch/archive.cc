#include "tools/fetch/archive.h"

#include <map>

namespace flowtrain {
namespace {

// The sums are those of torchvision's STL10, and of the page of CIFAR-10's authors.
const std::map<std::string, Archive>& Archives() {
  constexpr uint64_t kStl10Image = 3 * 96 * 96, kCifarBatch = uint64_t{10'000} * (1 + 3 * 32 * 32);
  static const std::map<std::string, Archive> archives = {
      {"stl10",
       {"STL-10",
        "flowtrain fetch stl10",
        "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",
        "91f7769df0f17e558f3565bffb0c7dfb",
        2'640'397'119,
        "stl10_binary",
        {{"train_X.bin", 5'000 * kStl10Image, "918c2871b30a85fa023e0c44e0bee87f"},
         {"train_y.bin", 5'000, "5a34089d4802c674881badbb80307741"},
         {"test_X.bin", 8'000 * kStl10Image, "7f263ba9f9e0b06b93213547f721ac82"},
         {"test_y.bin", 8'000, "36f9794fa4beb8a2c72628de14fa638e"},
         {"unlabeled_X.bin", 100'000 * kStl10Image, "5242ba1fed5e4be9e1e742405eb56ca4"},
         {"class_names.txt", 0, ""},
         {"fold_indices.txt", 0, ""}}}},
      {"cifar10",
       {"CIFAR-10",
        "flowtrain fetch cifar10",
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "c32a1d4ab5d03f1284b67883e8d87530",
        170'052'171,
        "cifar-10-batches-bin",
        {{"data_batch_1.bin", kCifarBatch, ""},
         {"data_batch_2.bin", kCifarBatch, ""},
         {"data_batch_3.bin", kCifarBatch, ""},
         {"data_batch_4.bin", kCifarBatch, ""},
         {"data_batch_5.bin", kCifarBatch, ""},
         {"test_batch.bin", kCifarBatch, ""},
         {"batches.meta.txt", 0, ""},
         {"readme.html", 0, ""}}}},
  };
  return archives;
}

}  // namespace

std::string Archive::file() const { return url.substr(url.rfind('/') + 1); }

uint64_t Archive::unpacked_bytes() const {
  uint64_t sum = 0;
  for (const ArchiveFile& wanted : files) sum += wanted.bytes;
  return sum;
}

const Archive* FindArchive(const std::string& name) {
  const auto found = Archives().find(name);
  return found == Archives().end() ? nullptr : &found->second;
}

}  // namespace flowtrain
