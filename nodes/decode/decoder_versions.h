// The libraries that decode images.
#pragma once

#include <string>

namespace flowtrain {

// "libjpeg-turbo 2.1.5, libspng 0.7.3"
std::string DecoderVersions();

}  // namespace flowtrain
