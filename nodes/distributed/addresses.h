// Addresses of this machine, so that nothing listens on all of them.
#pragma once

#include <cstdint>
#include <string>

namespace flowtrain {

// The address of this machine from which `host` is reached: 127.0.0.1 for a loopback address. Sends
// nothing. Throws std::runtime_error where the name is not known or there is no route.
std::string OwnAddressTowards(const std::string& host);

// The address of a network interface ("eth0"). Throws ConfigError, naming those that there are.
std::string AddressOfInterface(const std::string& name);

// A socket that listens on `address` and `port` alone (0: a free port). The caller owns the
// descriptor. Throws ConfigError where the port is taken, std::runtime_error where the address
// cannot be had.
int ListenOn(const std::string& address, uint16_t port);
// The port that it listens on.
uint16_t PortOf(int socket);

}  // namespace flowtrain
