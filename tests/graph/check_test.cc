// `flowtrain check`, and the kinds of data sets that it and others tell by the files there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/cifar_files.h"
#include "tests/support/program.h"
#include "tests/support/solid_png.h"
#include "tests/support/temp_folder.h"
#include "tests/support/textured_image.h"

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(Check, TellsOfBadImagesAndCopiesWithExitCode1) {
  const TempFolder folder;
  folder.Write("train/a/1.png", SolidPng(16, {200, 10, 10}));
  folder.Write("train/b/2.png", SolidPng(16, {10, 200, 10}));
  folder.Write("train/b/3.png", "no image");
  folder.Write("val/a/4.png", SolidPng(16, {200, 10, 10}));
  const Result text = RunProgram({"check", folder.path()});
  EXPECT_EQ(text.code, 1) << text.output;
  EXPECT_THAT(text.output, AllOf(HasSubstr("train/b/3.png: "), HasSubstr("cannot be used"),
                                 HasSubstr("val/a/4.png = train/a/1.png")));
  EXPECT_EQ(RunProgram({"check", folder / "nothing"}).code, 2);
}

TEST(Check, OfASoundSetExitCode0) {
  const Result result = RunProgram({"check", "sample", "--set", "sample.images=20"});
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("every image can be read and decoded"));
}

TEST(Check, KnowsCifarAndTellsOfItAsJson) {
  const TempFolder folder;
  WriteCifar10(folder, "", 1);  // its pictures are smooth, and not the same
  const Result result = RunProgram({"check", folder.path(), "--json"});
  const auto json = nlohmann::json::parse(result.output.substr(result.output.find('{')));
  EXPECT_EQ(json["data_set"], "CIFAR-10, train: 5 images 32x32");
  EXPECT_EQ(json["images"]["to_judge_on"], 1);
  EXPECT_EQ(json["classes"][2]["class"], "bird");
  EXPECT_EQ(json["classes"][2]["to_train_on"], 1);
  EXPECT_EQ(json["copies"].size(), 0u);
}

// Two classes of 12 pictures, and one to judge on that is a mirrored picture to train on: its looks
// are others, and any network takes the two for one.
class CheckByNetwork : public testing::Test {
 protected:
  CheckByNetwork() {
    for (uint32_t i = 0; i < 24; ++i) {
      folder_.Write(
          "photos/train/" + std::string(i % 2 == 0 ? "a/" : "b/") + std::to_string(i) + ".png",
          Png(TexturedImage(i + 1, 32, 32)));
    }
    Raw mirrored = TexturedImage(5, 32, 32);
    for (int row = 0; row < 32; ++row) {
      uint8_t* first = mirrored.values.data() + size_t{96} * static_cast<size_t>(row);
      for (int x = 0; x < 16; ++x)
        std::swap_ranges(first + 3 * x, first + 3 * x + 3, first + 93 - 3 * x);
    }
    folder_.Write("photos/val/a/mirrored.png", Png(mirrored));
    EXPECT_EQ(RunProgram(SmallRun(run_)).code, 0);
  }
  static Bytes Png(const Raw& raw) { return WritePng(raw.height, raw.width, 8, 2, raw.values); }
  Result Check(const std::vector<std::string>& more) const {
    return RunProgram(With({"check", folder_ / "photos", "--set", "device=cpu"}, more));
  }

  const TempFolder folder_;
  const std::string run_ = folder_ / "run";
};

TEST_F(CheckByNetwork, ListsWhatIsSimilarAndLeavesTheExitCode) {
  const Result without = Check({});
  EXPECT_EQ(without.code, 0) << without.output;
  EXPECT_THAT(without.output, testing::Not(HasSubstr("mirrored.png")));
  // Between the images, which are alike, a network of a few steps sees similarities of up to 0.9.
  const Result text = Check({"--checkpoint", run_, "--similarity", "0.95"});
  EXPECT_EQ(text.code, 0) << text.output;
  EXPECT_THAT(text.output,
              AllOf(HasSubstr("1.00  train/a/4.png ~ val/a/mirrored.png\n"),
                    HasSubstr("1 image (100.0%) to judge on is similar to images to train on"),
                    HasSubstr("1.00  val/a/mirrored.png ~ train/a/4.png\n")));

  const Result result = Check({"--checkpoint", run_, "--similarity", "0.99", "--json"});
  EXPECT_EQ(result.code, 0) << result.output;
  const auto json = nlohmann::json::parse(result.output.substr(result.output.find("\n{") + 1));
  EXPECT_EQ(json["well"], true);
  const auto& similar = json["similar"];
  EXPECT_EQ(similar["similarity"], 0.99);
  EXPECT_THAT(similar["checkpoint"].get<std::string>(), HasSubstr(run_ + "/checkpoints/step-"));
  ASSERT_EQ(similar["groups"].size(), 1u) << similar;
  EXPECT_EQ(similar["groups"][0]["images"],
            (nlohmann::json{"train/a/4.png", "val/a/mirrored.png"}));
  EXPECT_NEAR(similar["groups"][0]["similarity"].get<double>(), 1, 1e-3);
  ASSERT_EQ(similar["leaks"].size(), 1u);
  EXPECT_EQ(similar["leaks"][0]["judged_on"], "val/a/mirrored.png");
  EXPECT_EQ(similar["leaks"][0]["trained_on"], "train/a/4.png");

  // The network is the checkpoint's unless another is named, which it is refused for.
  const Result other = Check({"--checkpoint", run_, "--set", "model.backbone=resnet34"});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.output, HasSubstr("the weights are of another network: set model.backbone"));
}

TEST(Check, RefusesWhatIsNoCheckpointAndNoSimilarity) {
  const TempFolder folder;
  folder.Write("notes.txt", "no weights");
  const auto check = [](const std::vector<std::string>& more) {
    return RunProgram(With({"check", "sample", "--set", "sample.images=8"}, more));
  };
  const Result text = check({"--checkpoint", folder / "notes.txt"});
  EXPECT_EQ(text.code, 1);
  EXPECT_THAT(text.output, HasSubstr(folder / "notes.txt" + " holds no weights that can be read"));
  const Result nothing = check({"--checkpoint", folder / "nothing"});
  EXPECT_EQ(nothing.code, 2);
  EXPECT_THAT(nothing.output, HasSubstr(folder / "nothing"));
  for (const char* similarity : {"0", "-0.5", "1.01", "nan", "inf"}) {
    const Result result = check({"--checkpoint", folder / "notes.txt", "--similarity", similarity});
    EXPECT_EQ(result.code, 2) << similarity;
    EXPECT_THAT(result.output, HasSubstr("--similarity takes a number above 0 and up to 1"));
  }
  const Result alone = check({"--similarity", "0.9"});
  EXPECT_EQ(alone.code, 2);
  EXPECT_THAT(alone.output, HasSubstr("with --checkpoint"));
}

}  // namespace
}  // namespace flowtrain
