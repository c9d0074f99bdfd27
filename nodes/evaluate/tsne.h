// A picture of points that have many dimensions.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace flowtrain {

struct MapPoint {
  double x = 0, y = 0;
};

// t-SNE (van der Maaten & Hinton: "Visualizing Data using t-SNE", JMLR 2008), exact: O(N^2) time a
// step and memory, for some hundred points. `squared_distances` is [N, N] and symmetric, `start`
// has N places. It draws no random numbers: the same input gives the same bits. Points whose start
// and distances are the same stay together.
std::vector<MapPoint> Tsne(std::span<const double> squared_distances, std::vector<MapPoint> start);

// The neighbours that a point counts with: 30, or a third of the others if they are few.
double TsnePerplexity(size_t points);

}  // namespace flowtrain
