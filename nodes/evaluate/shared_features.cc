#include "nodes/evaluate/shared_features.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <string>
#include <vector>

namespace flowtrain {
namespace {

at::Tensor BytesOf(std::string& text) {
  return at::from_blob(text.data(), {static_cast<int64_t>(text.size())}, at::kByte);
}

// The rows of all ranks for rank 0, as many at a time as a call may carry. `own` may be undefined:
// there are none.
at::Tensor GatherRows(const at::Tensor& own, const std::vector<int64_t>& rows, int64_t columns,
                      at::ScalarType type, RankGroup& ranks, int64_t numbers) {
  int64_t all = 0, most = 0;
  for (const int64_t count : rows) all += count, most = std::max(most, count);
  const at::Tensor gathered = at::empty({ranks.leads() ? all : 0, columns}, type);
  const int64_t own_rows = own.defined() ? own.size(0) : 0;
  const int64_t at_a_time = std::max<int64_t>(1, numbers / columns);
  for (int64_t begin = 0; begin < most; begin += at_a_time) {
    const int64_t count = std::min(at_a_time, most - begin);
    const auto of = [&](int64_t has) { return std::clamp<int64_t>(has - begin, 0, count); };
    const at::Tensor part = at::zeros({count, columns}, type);
    if (of(own_rows) > 0) {
      part.narrow(0, 0, of(own_rows)).copy_(own.narrow(0, begin, of(own_rows)));
    }
    const at::Tensor parts = ranks.Gather(part);
    int64_t first = 0;  // of the rank
    for (size_t rank = 0; rank < rows.size() && ranks.leads(); first += rows[rank++]) {
      if (of(rows[rank]) == 0) continue;
      gathered.narrow(0, first + begin, of(rows[rank]))
          .copy_(parts[static_cast<int64_t>(rank)].narrow(0, 0, of(rows[rank])));
    }
  }
  return gathered;
}

}  // namespace

ImageRange RangeOf(uint64_t images, int rank, int ranks) {
  const auto r = static_cast<uint64_t>(rank), all = static_cast<uint64_t>(ranks);
  return {images * r / all, images * (r + 1) / all};
}

Features GatherFeatures(const Features& own, const at::Tensor& none, RankGroup& ranks,
                        PartEnd& end) {
  const bool some = own.features.defined();
  ranks.GatherTexts({});  // until the slowest is here: that may take longer than a call is given
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
    all.bad = BadImagesFrom(
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

FeatureTable GatherForLeader(const FeatureTable& own, RankGroup& ranks, int64_t at_a_time) {
  const bool some = own.features.defined();
  const at::Tensor sizes = ranks.Gather(
      at::tensor({some ? own.features.size(0) : 0, some ? own.features.size(1) : 0}, at::kLong));
  std::vector<int64_t> rows;
  for (int64_t rank = 0; rank < sizes.size(0); ++rank) {
    rows.push_back(sizes[rank][0].item<int64_t>());
  }
  const auto columns = sizes.select(1, 1).max().item<int64_t>();
  if (columns == 0) return {};
  const at::Tensor numbers = some ? at::stack({own.labels, own.ids}, 1) : at::Tensor();
  const at::Tensor features = GatherRows(own.features, rows, columns, at::kFloat, ranks, at_a_time);
  const at::Tensor gathered = GatherRows(numbers, rows, 2, at::kLong, ranks, at_a_time);
  return {features, gathered.select(1, 0).contiguous(), gathered.select(1, 1).contiguous()};
}

}  // namespace flowtrain
