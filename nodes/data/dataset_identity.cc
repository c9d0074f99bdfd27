#include "nodes/data/dataset_identity.h"

#include <cinttypes>
#include <cstdio>
#include <span>

#include "pipeline/base/files/xxh64.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;

uint64_t ChecksumOf(const std::string& text) {
  return Xxh64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

}  // namespace

std::string DatasetIdentity::ToText() const {
  char text[64];
  std::snprintf(text, sizeof text, "%" PRIu64 " images, names %016" PRIx64, images, names);
  return text;
}

std::optional<DatasetIdentity> DatasetIdentity::FromText(const std::string& text) {
  DatasetIdentity identity;
  const int read = std::sscanf(text.c_str(), "%" SCNu64 " images, names %" SCNx64, &identity.images,
                               &identity.names);
  if (read != 2 || identity.ToText() != text) return std::nullopt;
  return identity;
}

DatasetIdentity IdentityOf(const ImageSet& set) {
  std::string block;  // names, each with a zero behind it; first the checksum of those before
  for (uint64_t id = 0; id < set.size(); ++id) {
    block += set.ImageName(id);
    block += '\0';
    if (block.size() >= kBlockBytes) block = std::to_string(ChecksumOf(block)) + '\0';
  }
  return {set.size(), ChecksumOf(block)};
}

std::string DifferenceOf(const DatasetIdentity& before, const DatasetIdentity& now) {
  if (before.images != now.images) {
    return "it had " + ShowCount(before.images) + " images and has " + ShowCount(now.images) +
           " now";
  }
  if (before.names == now.names) return {};
  return "it has " + ShowCount(now.images) +
         " images as before, but not all have the names that they had";
}

}  // namespace flowtrain
