// A starter configuration as the text of a parameter file.
#pragma once

#include <string>

#include "tools/init/starter_values.h"

namespace flowtrain {

// The file, a comment for each key. `command`: that wrote it. Throws ConfigError where the path of
// the data set is not UTF-8, so that no YAML file can name it.
std::string StarterFile(const DataFacts& data, const HostFacts& host, const StarterValues& values,
                        const std::string& command);

// "no GPU, 4 cores", "NVIDIA GeForce RTX 3060 with 12.0 GiB, 8 cores".
std::string DescribeHost(const HostFacts& host);
// "shorter sides of 64 images: 48 to 96 pixels, median 64".
std::string DescribeSides(const ShorterSides& sides);

}  // namespace flowtrain
