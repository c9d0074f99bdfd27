#include "nodes/evaluate/embedding_file.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "nodes/decode/encode_png.h"
#include "nodes/evaluate/feature_map.h"
#include "nodes/evaluate/knn.h"
#include "nodes/evaluate/load_views.h"
#include "nodes/image/pixel_limit.h"
#include "pipeline/base/files/new_file.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/base64.h"
#include "pipeline/base/text/printable_name.h"

namespace flowtrain {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMapImages = 500, kQueriesShown = 10, kNeighboursShown = 5;
constexpr int kMapSide = 32, kNeighbourSide = 64;  // of their pictures, pixels
constexpr int64_t kColumns = 25;                   // pictures side by side in one PNG

// Pictures of images of one size, for one PNG.
at::Tensor ViewsOf(const LabelledImages& list, const at::Tensor& index, int side) {
  const at::Tensor whole = index.contiguous();
  const auto* first = whole.const_data_ptr<int64_t>();
  const std::vector<uint64_t> indices(first, first + whole.numel());
  std::vector<LoadedView> ignored;  // all of them could be used a moment ago
  return LoadViews(list, indices, side, kMaxImagePixels, ignored);
}

// uint8 [N, side, side, 3] row by row, `columns` side by side.
Json SheetOf(const at::Tensor& views, int64_t columns) {
  const int64_t side = views.size(1), rows = (views.size(0) + columns - 1) / columns;
  const at::Tensor grid = at::zeros({rows * columns, side, side, 3}, views.options());
  grid.narrow(0, 0, views.size(0)).copy_(views);
  const at::Tensor sheet = grid.view({rows, columns, side, side, 3}).transpose(1, 2).contiguous();
  const auto png = EncodePng({sheet.const_data_ptr<uint8_t>(), static_cast<size_t>(sheet.numel())},
                             static_cast<int>(rows * side), static_cast<int>(columns * side));
  return {{"side", side}, {"columns", columns}, {"png", Base64(png)}};
}

Json ImageOf(const LabelledImages& list, const Features& of, int64_t row) {
  const auto index = static_cast<uint64_t>(of.index[row].item<int64_t>());
  return {{"name", PrintableName(list.ImageName(index))},
          {"label", of.labels[row].item<int64_t>()}};
}

double Rounded(double value) { return std::round(value * 1e4) / 1e4; }

Json MapOf(const LabelledImages& list, const Features& queries) {
  const std::vector<int64_t> rows = SpreadRows(queries.labels, kMapImages);
  const at::Tensor index = at::tensor(rows, at::kLong);
  const at::Tensor chosen = queries.features.index_select(0, index.to(queries.features.device()));
  const std::vector<MapPoint> places = FeatureMap(UnitRows(chosen));
  Json points = Json::array();
  for (size_t i = 0; i < rows.size(); ++i) {
    Json point = ImageOf(list, queries, rows[i]);
    point["x"] = Rounded(places[i].x);
    point["y"] = Rounded(places[i].y);
    points.push_back(std::move(point));
  }
  const at::Tensor views = ViewsOf(list, queries.index.index_select(0, index), kMapSide);
  return {{"images", queries.labels.size(0)},
          {"points", points},
          {"pictures", SheetOf(views, kColumns)}};
}

// A row of pictures for each query: itself, then its neighbours.
Json NeighboursOf(const LabelledImages& known, const LabelledImages& asked, const Features& bank,
                  const Features& queries, bool leave_one_out) {
  const auto all = NearestTo(bank, queries, SpreadRows(queries.labels, kQueriesShown),
                             kNeighboursShown, leave_one_out);
  Json rows = Json::array();
  std::vector<at::Tensor> views;
  for (const Neighbours& one : all) {
    Json row = ImageOf(asked, queries, one.query);
    row["nearest"] = Json::array();
    for (size_t i = 0; i < one.nearest.size(); ++i) {
      Json image = ImageOf(known, bank, one.nearest[i]);
      image["cosine"] = Rounded(one.cosines[i]);
      row["nearest"].push_back(std::move(image));
    }
    rows.push_back(std::move(row));
    const at::Tensor nearest = at::tensor(one.nearest, at::kLong);
    views.push_back(ViewsOf(asked, queries.index.narrow(0, one.query, 1), kNeighbourSide));
    views.push_back(ViewsOf(known, bank.index.index_select(0, nearest), kNeighbourSide));
  }
  const auto columns = static_cast<int64_t>(1 + all.front().nearest.size());
  return {{"images", bank.labels.size(0)},
          {"queries", rows},
          {"pictures", SheetOf(at::cat(views), columns)}};
}

}  // namespace

std::vector<Neighbours> NearestTo(const Features& bank, const Features& queries,
                                  const std::vector<int64_t>& rows, int64_t count,
                                  bool leave_one_out) {
  const at::Tensor index = at::tensor(rows, at::kLong).to(queries.features.device());
  const at::Tensor asked = UnitRows(queries.features.index_select(0, index));
  const at::Tensor cosine = at::mm(asked, UnitRows(bank.features).t());
  if (leave_one_out) {
    for (size_t i = 0; i < rows.size(); ++i) {
      cosine[static_cast<int64_t>(i)][rows[i]].fill_(-std::numeric_limits<float>::infinity());
    }
  }
  const int64_t others = bank.labels.size(0) - (leave_one_out ? 1 : 0);
  const auto [values, places] = cosine.topk(std::min(count, others), 1);
  const at::Tensor cosines = values.to(at::kCPU, at::kDouble), nearest = places.cpu();
  std::vector<Neighbours> all;
  for (size_t i = 0; i < rows.size(); ++i) {
    Neighbours& one = all.emplace_back();
    one.query = rows[i];
    for (int64_t k = 0; k < nearest.size(1); ++k) {
      one.nearest.push_back(nearest[static_cast<int64_t>(i)][k].item<int64_t>());
      one.cosines.push_back(cosines[static_cast<int64_t>(i)][k].item<double>());
    }
  }
  return all;
}

std::vector<int64_t> SpreadRows(const at::Tensor& labels, int64_t count) {
  const at::Tensor sorted = std::get<1>(labels.cpu().sort(/*stable=*/true, 0, false));
  const int64_t all = sorted.numel(), taken = std::min(all, count);
  std::vector<int64_t> rows;
  rows.reserve(static_cast<size_t>(taken));
  for (int64_t i = 0; i < taken; ++i) {
    rows.push_back(sorted[(2 * i + 1) * all / (2 * taken)].item<int64_t>());
  }
  return rows;
}

void WriteEmbeddingFile(const std::string& folder, const Evaluation& evaluation,
                        const Features& bank, const Features& queries,
                        const std::vector<std::string>& classes, std::optional<uint64_t> steps) {
  const LabelledImages& known = *evaluation.bank;
  const LabelledImages& asked = evaluation.leave_one_out ? known : *evaluation.queries;
  try {
    Json json = {{"format", "flowtrain embedding"}, {"version", 1}};
    json["steps"] = steps ? Json(*steps) : Json(nullptr);
    json["queries"] = asked.Name();
    json["bank"] = known.Name();
    json["classes"] = classes;
    json["map"] = MapOf(asked, queries);
    json["neighbours"] = NeighboursOf(known, asked, bank, queries, evaluation.leave_one_out);
    WriteNewFile(folder + "/embedding.json",
                 json.dump(-1, ' ', false, Json::error_handler_t::replace));
  } catch (const std::exception& error) {
    LogWarning("no pictures of the embeddings: " + std::string(error.what()));
  }
}

}  // namespace flowtrain
