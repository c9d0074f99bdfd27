// The part of libtorch that drives a vendor's devices.
#pragma once

#include <string>

namespace flowtrain {

// Opens that library, once per process, for devices named so (`cuda`, which AMD's are called too, or
// `xpu`; `auto`: of any name), if the vendor's driver is present: one binary serves machines with
// and without a GPU. Call it before libtorch is asked what devices there are: it asks its libraries
// once, and remembers. Returns false without a driver or when no library can be opened; `why` then
// says which.
bool LoadVendorLibrary(const std::string& device, std::string* why);

}  // namespace flowtrain
