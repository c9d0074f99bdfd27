// Features as points of a plane.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "nodes/evaluate/tsne.h"

namespace flowtrain {

// t-SNE of unit rows [N, D], by cosine distance as the kNN accuracy. It starts from their principal
// components, which keeps the large structure and needs no seed (Kobak & Berens: "The art of using
// t-SNE for single-cell transcriptomics", 2019): the same features give the same map. The principal
// components alone show a small part of the variance of several hundred dimensions, in which the
// classes cover one another. On the host.
std::vector<MapPoint> FeatureMap(const at::Tensor& unit_rows);

}  // namespace flowtrain
