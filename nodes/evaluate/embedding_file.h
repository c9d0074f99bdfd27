// What `flowtrain report` draws of the features of an evaluation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nodes/data/image_set.h"
#include "nodes/evaluate/feature_table.h"

namespace flowtrain {

// A query, and the images of the bank that are nearest to it by cosine, the nearest first.
struct Neighbours {
  int64_t query = 0;             // row of the queries
  std::vector<int64_t> nearest;  // rows of the bank
  std::vector<double> cosines;
};

// The nearest `count` rows of the bank to each query in `rows`, or all if there are fewer. With
// `leave_one_out` bank and queries are one list, and no image is its own neighbour.
std::vector<Neighbours> NearestTo(const Features& bank, const Features& queries,
                                  const std::vector<int64_t>& rows, int64_t count,
                                  bool leave_one_out);

// At most `count` rows, spread over the classes and, within each, over the list: lists are often
// sorted, or repeat their classes in turn. In the order of the classes.
std::vector<int64_t> SpreadRows(const at::Tensor& labels, int64_t count);

// Writes FOLDER/embedding.json: a map of up to 500 queries (FeatureMap) with small pictures, and
// the nearest neighbours of ten. `steps` is how long the network was trained; empty: not known. A
// failure, such as a full disk, is a warning: no run ends for a picture. Features are finite.
void WriteEmbeddingFile(const std::string& folder, const Evaluation& evaluation,
                        const Features& bank, const Features& queries,
                        const std::vector<std::string>& classes, std::optional<uint64_t> steps);

inline constexpr char kPicturesHelp[] =
    "Write what `flowtrain report` draws of the embeddings: a map, nearest neighbours.";

}  // namespace flowtrain
