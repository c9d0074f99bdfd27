// Plots of a page as pictures.
#pragma once

#include <string>
#include <vector>

namespace flowtrain {

struct PlotPicture {
  std::string id;  // of the plot
  int height = 0;  // of its picture, CSS pixels
};

// Draws each of `plots` of the page at `page` (a file) to DIR/PLOT.png with an installed Chromium
// or Chrome, and returns the files. Throws ConfigError where there is none, std::runtime_error where
// it fails.
std::vector<std::string> DrawPlots(const std::string& page, const std::vector<PlotPicture>& plots,
                                   const std::string& dir);

// Its path; empty: there is none.
std::string FindChromium();

}  // namespace flowtrain
