#pragma once

#include <string>

namespace flowtrain {

// Of this machine; empty where the system does not tell.
std::string HostName();

}  // namespace flowtrain
