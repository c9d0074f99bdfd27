// Stand-ins for the libraries of NVIDIA's driver and of libtorch's CUDA half, for machines without a
// GPU: the code that opens and asks the real ones opens these, where the loader finds them first.
//
// The environment variable FLOWTRAIN_TEST_NVIDIA says what they answer, as "gpus=2 version=13000
// error=0 total=12 free=10 used=1" (GiB); it is read at every call. Without it there is a driver, and
// no GPU. GPU n has the PCI address 0000:0n:00.0, a hundredth of a GiB less free for each n, and is
// at n percent, n degrees and n watts above the first, which is at 97 percent, 71 degrees and 165.5
// watts. The management library counts the GPUs in the opposite order, as CUDA_DEVICE_ORDER may.
// With not_supported=1 it knows nothing of utilisation, temperature and power, and with old=1 it has
// only the older function for memory.
#pragma once

#include <cstdlib>
#include <sstream>
#include <string>

namespace flowtrain::nvidia {

inline double Setting(const std::string& name, double otherwise) {
  const char* text = std::getenv("FLOWTRAIN_TEST_NVIDIA");
  std::istringstream words(text == nullptr ? "" : text);
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    if (word.substr(0, equals) == name) return std::stod(word.substr(equals + 1));
  }
  return otherwise;
}

inline int Gpus() { return static_cast<int>(Setting("gpus", 0)); }

inline unsigned long long Bytes(const std::string& name, double otherwise) {
  return static_cast<unsigned long long>(Setting(name, otherwise) * (1ULL << 30U));
}

}  // namespace flowtrain::nvidia
