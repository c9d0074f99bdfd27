// The device that a name stands for.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "pipeline/base/error.h"

namespace flowtrain {

inline constexpr char kDeviceNames[] =
    "auto, cpu, cuda, cuda:N or another accelerator that libtorch knows (xpu:N)";

// What is wrong with a name, whatever devices there are; empty: nothing.
std::string CheckDeviceName(const std::string& name);

// The device of that name, or for a name without an index the one numbered `process`, from 0, of
// those of this machine. Loads the library that it needs, and starts the allocator. Throws
// ConfigError for a device that does not exist or cannot be used.
c10::Device ChooseDevice(const std::string& name, int process);

ConfigError UnusableDevice(const std::string& name, const std::string& why);

}  // namespace flowtrain
