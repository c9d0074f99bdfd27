// A training by several processes, started as torchrun would.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace flowtrain {

inline int FreeLoopbackPort() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  bind(socket, reinterpret_cast<sockaddr*>(&address), length);
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  close(socket);
  return ntohs(address.sin_port);
}

// The ranks of one run, with their ends.
class RankPrograms {
 public:
  RankPrograms(int ranks, const std::vector<std::string>& arguments)
      : RankPrograms(std::vector<std::vector<std::string>>(static_cast<size_t>(ranks), arguments)) {
  }
  // Each with arguments of its own.
  explicit RankPrograms(const std::vector<std::vector<std::string>>& arguments) {
    const std::string port = std::to_string(FreeLoopbackPort());
    const std::string ranks = std::to_string(arguments.size());
    for (size_t rank = 0; rank < arguments.size(); ++rank) {
      programs_.push_back(std::make_unique<Program>(arguments[rank], [=] {
        setenv("RANK", std::to_string(rank).c_str(), 1);
        setenv("LOCAL_RANK", std::to_string(rank).c_str(), 1);
        setenv("WORLD_SIZE", ranks.c_str(), 1);
        setenv("MASTER_ADDR", "127.0.0.1", 1);
        setenv("MASTER_PORT", port.c_str(), 1);
      }));
    }
  }

  Program& operator[](size_t rank) { return *programs_[rank]; }
  size_t size() const { return programs_.size(); }

  std::vector<int> WaitAtMost(int seconds) {
    std::vector<int> codes;
    for (const auto& program : programs_) codes.push_back(program->WaitAtMost(seconds));
    return codes;
  }
  std::string Outputs() const {
    std::string all;
    for (const auto& program : programs_) all += program->output() + "----\n";
    return all;
  }

 private:
  std::vector<std::unique_ptr<Program>> programs_;
};

}  // namespace flowtrain
