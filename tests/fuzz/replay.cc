// Runs a fuzz target without libFuzzer: replay MUTANTS FOLDER…
// Every file of the folders, and of each so many mutants, the same in every run.
#include <algorithm>
#include <string>
#include <vector>

#include "pipeline/base/philox.h"
#include "tests/fuzz/fuzz.h"

namespace {

namespace fs = std::filesystem;
using Input = std::vector<uint8_t>;

void Mutate(Input& input, flowtrain::Rng& rng) {
  constexpr uint8_t kOften[] = {0, 1, 0x7F, 0x80, 0xFF};
  for (uint64_t change = 1 + rng.Below(6); change > 0 && !input.empty(); --change) {
    const auto at = static_cast<ptrdiff_t>(rng.Below(input.size()));
    const auto left = static_cast<uint64_t>(static_cast<ptrdiff_t>(input.size()) - at);
    const auto bytes = static_cast<ptrdiff_t>(1 + rng.Below(std::min<uint64_t>(left, 16)));
    switch (rng.Below(6)) {
      case 0:
        input[static_cast<size_t>(at)] ^= static_cast<uint8_t>(1u << rng.Below(8));
        break;
      case 1:
        input[static_cast<size_t>(at)] = static_cast<uint8_t>(rng.Below(256));
        break;
      case 2:
        std::fill_n(input.begin() + at, bytes, kOften[rng.Below(5)]);
        break;
      case 3:
        input.erase(input.begin() + at, input.begin() + at + bytes);
        break;
      case 4: {
        const Input copy(input.begin() + at, input.begin() + at + bytes);
        input.insert(input.begin() + static_cast<ptrdiff_t>(rng.Below(input.size())), copy.begin(),
                     copy.end());
        break;
      }
      default:
        if (rng.Below(4) == 0) input.resize(static_cast<size_t>(at));
    }
  }
}

}  // namespace

int main(int arguments, char** argument) {
  if (arguments < 3) {
    std::fprintf(stderr, "usage: %s MUTANTS FOLDER…\n", argument[0]);
    return 2;
  }
  const int mutants = std::atoi(argument[1]);
  std::vector<fs::path> files;
  for (int i = 2; i < arguments; ++i) {
    for (const auto& entry : fs::directory_iterator(argument[i])) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (size_t file = 0; file < files.size(); ++file) {
    const Input whole = flowtrain::ReadBytes(files[file]);
    LLVMFuzzerTestOneInput(whole.data(), whole.size());
    flowtrain::Rng rng({1, file, 0, flowtrain::kTesting});
    for (int i = 0; i < mutants; ++i) {
      Input mutant = whole;
      Mutate(mutant, rng);
      LLVMFuzzerTestOneInput(mutant.data(), mutant.size());
    }
  }
  std::printf("%zu inputs, and %d mutants of each\n", files.size(), mutants);
  return files.empty() ? 1 : 0;
}
