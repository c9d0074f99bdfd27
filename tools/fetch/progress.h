// How far a download or an unpacking is: a bar on a terminal, else a line for each tenth.
#pragma once

#include <cstdint>
#include <string>

namespace flowtrain {

class FetchProgress {
 public:
  FetchProgress(std::string what, uint64_t total);  // 0: not known
  ~FetchProgress();
  FetchProgress(const FetchProgress&) = delete;
  FetchProgress& operator=(const FetchProgress&) = delete;

  void Show(uint64_t done);

 private:
  void Bar(uint64_t done, uint64_t now);

  const std::string what_;
  const uint64_t total_, begin_;
  const bool terminal_;
  uint64_t first_ = 0, shown_ = 0, tenth_ = 0;
  bool started_ = false;
};

}  // namespace flowtrain
