#include "nodes/run/last_epoch.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

TEST(LastEpoch, IsTheLastWithTheStepItEndedAt) {
  const TempFolder folder;
  const std::string path = folder / "metrics.jsonl";
  EXPECT_FALSE(ReadLastEpoch(path).has_value());
  WriteText(path, "{\"step\":4,\"epoch\":1}\n");
  EXPECT_FALSE(ReadLastEpoch(path).has_value());
  WriteText(path,
            "{\"step\":4,\"epoch\":1}\n{\"epoch\":1,\"steps\":4,\"loss\":3.0}\nhalf a li\n"
            "{\"step\":8,\"epoch\":2}\n{\"epoch\":2,\"steps\":4,\"loss\":2.5,\"knn_top1\":40.0}\n"
            "{\"step\":9,\"epoch\":3}\n");
  const auto last = ReadLastEpoch(path);
  ASSERT_TRUE(last.has_value());
  EXPECT_EQ(last->steps_done, 8u);
  EXPECT_EQ(last->loss, 2.5);
  EXPECT_EQ(last->knn_top1, 40.0);
}

TEST(LastEpoch, APartOfAnEpochHasNoMean) {
  const TempFolder folder;
  const std::string path = folder / "metrics.jsonl";
  WriteText(path, "{\"step\":8,\"epoch\":2}\n{\"epoch\":2,\"steps\":3,\"loss\":2.5}\n");
  ASSERT_TRUE(ReadLastEpoch(path).has_value());
  EXPECT_TRUE(std::isnan(ReadLastEpoch(path)->loss));
}

}  // namespace
}  // namespace flowtrain
