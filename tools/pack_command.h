// `flowtrain pack`: a data set decoded to one file.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "pipeline/error.h"
#include "pipeline/signals.h"

namespace flowtrain {

struct PackRequest {
  std::string dataset;           // folder of images or of STL-10's files, packed file, or "sample"
  std::string out;               // file to make
  int max_side = 0;              // largest side images are shrunk to, pixels; 0: whole images
  double max_bad_fraction = -1;  // unreadable images, as a share of all; below 0: the parameter's
  bool force = false;            // write over a file that is there
  std::string verify;            // check this packed file instead
  std::vector<std::string> configs, sets;  // as for graphs: data.splits, sample.images, …
};

// Makes the packed file, or checks every image of one. Throws ConfigError and DataError.
ExitCode Pack(const PackRequest& request, StopSignals& signals, std::ostream& out);

}  // namespace flowtrain
