#include "nodes/evaluate/shared_features.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace flowtrain {
namespace {

// Index, name and reason, each ended by a byte that none of them has.
std::string ToText(const std::vector<BadImage>& bad) {
  std::string text;
  for (const BadImage& image : bad) {
    for (const std::string& field : {std::to_string(image.id), image.name, image.why}) {
      text += field;
      text += '\0';
    }
  }
  return text;
}

std::vector<BadImage> FromText(std::string_view text) {
  std::vector<BadImage> bad;
  const auto next = [&text] {
    const size_t end = text.find('\0');
    std::string field(text.substr(0, end));
    text.remove_prefix(end + 1);
    return field;
  };
  while (!text.empty()) {
    BadImage image;
    image.id = std::stoull(next());
    image.name = next();
    image.why = next();
    bad.push_back(std::move(image));
  }
  return bad;
}

at::Tensor BytesOf(std::string& text) {
  return at::from_blob(text.data(), {static_cast<int64_t>(text.size())}, at::kByte);
}

}  // namespace

ImageRange RangeOf(uint64_t images, int rank, int ranks) {
  const auto r = static_cast<uint64_t>(rank), all = static_cast<uint64_t>(ranks);
  return {images * r / all, images * (r + 1) / all};
}

Features GatherFeatures(const Features& own, const at::Tensor& none, RankGroup& ranks,
                        PartEnd& end) {
  const bool some = own.features.defined();
  std::string bad_text = ToText(own.bad);
  const int64_t count = some ? own.features.size(0) : 0;
  const at::Tensor sizes = ranks.Gather(at::tensor(
      {static_cast<int64_t>(end), count, static_cast<int64_t>(bad_text.size())}, at::kLong));
  std::vector<int64_t> rows, bytes;
  for (int64_t rank = 0; rank < sizes.size(0); ++rank) {
    end = std::max(end, static_cast<PartEnd>(sizes[rank][0].item<int64_t>()));
    rows.push_back(sizes[rank][1].item<int64_t>());
    bytes.push_back(sizes[rank][2].item<int64_t>());
  }
  Features all;
  if (end != PartEnd::kDone) return all;
  if (*std::max_element(bytes.begin(), bytes.end()) > 0) {
    const at::Tensor text = ranks.GatherParts(BytesOf(bad_text), bytes, 0);
    all.bad = FromText(
        {static_cast<const char*>(text.const_data_ptr()), static_cast<size_t>(text.numel())});
  }
  if (*std::max_element(rows.begin(), rows.end()) == 0) return all;
  const auto numbers = at::TensorOptions().dtype(at::kLong);
  all.features = ranks.GatherParts(some ? own.features : none, rows, 0);
  all.labels = ranks.GatherParts(some ? own.labels.cpu() : at::zeros({0}, numbers), rows, 0)
                   .to(none.device());
  all.index = ranks.GatherParts(some ? own.index : at::zeros({0}, numbers), rows, 0);
  return all;
}

}  // namespace flowtrain
