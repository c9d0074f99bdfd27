#include "nodes/distributed/addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

#include "nodes/distributed/launch/launch.h"
#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

AddressList Resolve(const std::string& host, uint16_t port, int type) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = type;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    throw std::runtime_error("the address of '" + host +
                             "' cannot be found: " + gai_strerror(error) +
                             "; set MASTER_ADDR to the name or address of " + "rank 0's machine");
  }
  return {found, freeaddrinfo};
}

std::string TextOf(const sockaddr* address, socklen_t length) {
  char text[NI_MAXHOST] = "";
  getnameinfo(address, length, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return text;
}

// Closes what is not handed on.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return descriptor_; }
  int release() { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

}  // namespace

std::string OwnAddressTowards(const std::string& host) {
  if (IsLoopback(host)) return "127.0.0.1";
  constexpr uint16_t kAnyPort = 9;  // a datagram socket that only looks up the route
  const AddressList list = Resolve(host, kAnyPort, SOCK_DGRAM);
  for (const addrinfo* each = list.get(); each != nullptr; each = each->ai_next) {
    const Socket socket(::socket(each->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_storage own{};
    socklen_t length = sizeof own;
    auto* const address = reinterpret_cast<sockaddr*>(&own);
    if (socket.get() < 0 || connect(socket.get(), each->ai_addr, each->ai_addrlen) != 0) continue;
    if (getsockname(socket.get(), address, &length) == 0) return TextOf(address, length);
  }
  throw std::runtime_error("there is no way from this machine to '" + host +
                           "': " + std::strerror(errno) + "; name the network interface with " +
                           "distributed.interface or GLOO_SOCKET_IFNAME");
}

std::string AddressOfInterface(const std::string& name) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) throw std::runtime_error(std::strerror(errno));
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  std::string others;
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
    if (name == each->ifa_name) return TextOf(each->ifa_addr, sizeof(sockaddr_in));
    others += std::string(others.empty() ? "" : ", ") + each->ifa_name;
  }
  throw ConfigError("there is no network interface '" + name + "' with an IPv4 address here: set " +
                    "distributed.interface (or GLOO_SOCKET_IFNAME) to one of " + others);
}

int ListenOn(const std::string& address, uint16_t port) {
  const AddressList list = Resolve(address, port, SOCK_STREAM);
  Socket socket(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound = socket.get() >= 0 &&
                     bind(socket.get(), list->ai_addr, list->ai_addrlen) == 0 &&
                     listen(socket.get(), SOMAXCONN) == 0;
  if (bound) return socket.release();
  const std::string place = "port " + std::to_string(port) + " of " + address;
  if (errno == EADDRINUSE) {
    throw ConfigError(place + ", where the ranks are to meet, is in use: choose another with " +
                      "MASTER_PORT (torchrun: --master-port), or end the program that has it");
  }
  throw std::runtime_error("cannot listen on " + place + ": " + std::strerror(errno) +
                           "; MASTER_ADDR and MASTER_PORT must be those of rank 0's machine");
}

uint16_t PortOf(int socket) {
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&own), &length) != 0) return 0;
  return ntohs(own.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&own)->sin6_port
                                         : reinterpret_cast<sockaddr_in*>(&own)->sin_port);
}

}  // namespace flowtrain
