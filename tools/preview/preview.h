// Images and their views, as a training makes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/graph/graph_def.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

struct PreviewImage {
  uint64_t id = 0;  // in the data set
  std::string name;
  int height = 0, width = 0;
  std::vector<uint8_t> pixels;  // uint8 [height, width, 3]; the whole image, upright
  // Of each draw its views one after the other, uint8 [side, side, 3] each. Draw d is what the
  // training sees of the image in its epoch d + 1.
  std::vector<std::vector<std::vector<uint8_t>>> draws;
};

struct Preview {
  std::vector<int> view_sides;  // of each view of an image, pixels
  std::string dataset;
  std::vector<PreviewImage> images;
};

// The first `images` images that a run of `def` would train on, or that the program outside would
// get, in its order, through the graph's own nodes from the source to the stage; no more than an
// epoch has. Throws ConfigError, also for a graph whose samples are no images and for a sheet that
// would be too large, and DataError; and what its nodes throw.
Preview MakePreview(const GraphDef& def, const Registry& registry, int images, int draws);

struct SheetPicture {
  int height = 0, width = 0;
  std::vector<uint8_t> rgb;  // uint8 [height, width, 3]
};

// One row an image: the image itself, as large as the largest view, then the views of each draw,
// laid out as LayOutSheet says. Small views are enlarged, each of their pixels to a square.
SheetPicture ContactSheet(const Preview& preview);

}  // namespace flowtrain
