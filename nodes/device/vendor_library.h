// The part of libtorch that drives a vendor's devices.
#pragma once

#include <string>

namespace flowtrain {

struct VendorLibrary {
  bool loaded = false;
  // Where it was not: why, and what to do.
  std::string why;
  // Where it was not: whether a GPU is there all the same, so that going without one needs saying.
  bool gpu_is_there = false;
};

// Opens that library, once per process, for devices named so (`cuda`, which AMD's are called too, or
// `xpu`; `auto`: of any name), if the vendor's driver is present and can serve it: one binary serves
// machines with and without a GPU. Call it before libtorch is asked what devices there are: it asks
// its libraries once, and remembers.
VendorLibrary LoadVendorLibrary(const std::string& device);

}  // namespace flowtrain
