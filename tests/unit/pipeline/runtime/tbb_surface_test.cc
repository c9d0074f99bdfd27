// The engine keeps to the part of oneTBB that is stable and safe since 2021.5. What is kept out,
// and why:
//   limiter_node    discards what its successor rejects, and cannot be shrunk
//   input_node      runs its body under a spin lock; admission needs none
//   TBB_PREVIEW_    preview features move between releases
//   rejecting       a policy under which messages are lost
//   node_priority_t unsafe before 2022.1
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace flowtrain {
namespace {

TEST(TbbSurface, TheEngineUsesNoUnsafePartOfTbb) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(FLOWTRAIN_SOURCE_DIR "/pipeline")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    for (const char* unsafe :
         {"limiter_node", "input_node", "TBB_PREVIEW_", "flow::rejecting", "node_priority_t"}) {
      EXPECT_EQ(text.find(unsafe), std::string::npos) << unsafe << " in " << entry.path();
    }
    ++files;
  }
  EXPECT_GT(files, 20);
}

}  // namespace
}  // namespace flowtrain
