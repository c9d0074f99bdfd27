#include "tools/init/starter_values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tools/init/starter_file.h"

namespace flowtrain {
namespace {

using testing::HasSubstr;
using testing::Not;

DataFacts Photos(uint64_t images, int side) {
  DataFacts data;
  data.root = "/data/photos";
  data.description = "folder photos: some images";
  data.images = images;
  data.sides = {side, side, side, 64, 0, {}};
  return data;
}

HostFacts Gpu(double gib, int cores = 16) {
  HostFacts host;
  host.cpu.usable = cores;
  host.gpu = "NVIDIA GeForce";
  host.gpu_bytes = static_cast<uint64_t>(gib * (uint64_t{1} << 30));
  return host;
}

HostFacts Cpu(int cores) {
  HostFacts host;
  host.cpu.usable = cores;
  return host;
}

std::string FileOf(const DataFacts& data, const HostFacts& host) {
  return StarterFile(data, host, ChooseValues(data, host), "flowtrain init photos");
}

TEST(StarterValues, TheFileNearestToTheGpuHasTheFigures) {
  const DataFacts photos = Photos(100'000, 96);
  const auto figures = [&](double gib) {
    const StarterValues values = ChooseValues(photos, Gpu(gib));
    return values.file + ' ' + std::to_string(values.batch_size) + 'x' +
           std::to_string(values.accumulation) + ' ' + values.learning_rate + ' ' +
           values.figures.Get<std::string>("model.backbone") +
           (values.auto_accumulation ? " auto" : "");
  };
  EXPECT_EQ(figures(79.2), "configs/h100_80gb.yaml 512x1 0.06 resnet18");
  EXPECT_EQ(figures(139), "configs/h100_80gb.yaml 512x1 0.06 resnet18");
  EXPECT_EQ(figures(47.5), "configs/gpu_24gb.yaml 256x4 0.12 resnet50");
  EXPECT_EQ(figures(23.6), "configs/gpu_24gb.yaml 256x4 0.12 resnet50");
  EXPECT_EQ(figures(15.7), "configs/rtx3060_12gb.yaml 128x4 0.06 resnet18");
  EXPECT_EQ(figures(11.6), "configs/rtx3060_12gb.yaml 128x4 0.06 resnet18");
  EXPECT_EQ(figures(7.6), "configs/gpu_8gb.yaml 64x8 0.06 resnet18");
  EXPECT_EQ(figures(3.9), "configs/gpu_8gb.yaml 64x8 0.06 resnet18 auto");
}

TEST(StarterValues, ACpuHasItsOwnFile) {
  const StarterValues values = ChooseValues(Photos(100'000, 400), Cpu(4));
  EXPECT_EQ(values.file, "configs/cpu.yaml");
  EXPECT_EQ(values.image_size, 224);
  EXPECT_EQ(values.batch_size, 64);
  EXPECT_EQ(values.accumulation, 4);
  EXPECT_FALSE(values.auto_accumulation);
  EXPECT_EQ(values.learning_rate, "0.03");
  EXPECT_EQ(values.workers, "1");
}

TEST(StarterValues, LargeImagesOnAGpuAreTakenAsManyAtATimeAsFit) {
  const std::string file = FileOf(Photos(100'000, 500), Gpu(11.6));
  EXPECT_THAT(file, HasSubstr("\n  image_size: 224 "));
  EXPECT_THAT(file, HasSubstr("\n  gradient_accumulation: auto "));
  EXPECT_THAT(file, HasSubstr("\n  effective_batch: 512 "));
  EXPECT_THAT(file, HasSubstr("\ndevice: auto "));
  EXPECT_THAT(FileOf(Photos(100'000, 96), Gpu(11.6)), Not(HasSubstr("effective_batch")));
}

TEST(StarterValues, WorkersAreNoMoreThanTheCores) {
  EXPECT_EQ(ChooseValues(Photos(1000, 96), Gpu(12, 4)).workers, "4");
  EXPECT_EQ(ChooseValues(Photos(1000, 96), Gpu(12, 16)).workers, "6");
  EXPECT_EQ(ChooseValues(Photos(1000, 96), Gpu(24, 4)).workers, "auto");
}

TEST(StarterValues, AStepTakesNoMoreImagesThanThereAre) {
  const auto step = [](uint64_t images, const HostFacts& host) {
    const StarterValues values = ChooseValues(Photos(images, 96), host);
    return std::to_string(values.batch_size) + 'x' + std::to_string(values.accumulation) + ' ' +
           values.learning_rate;
  };
  EXPECT_EQ(step(256, Cpu(2)), "64x4 0.03");
  EXPECT_EQ(step(255, Cpu(2)), "32x4 0.015");
  EXPECT_EQ(step(40, Cpu(2)), "8x4 0.00375");
  EXPECT_EQ(step(5, Cpu(2)), "2x2 0.0004687");
  EXPECT_EQ(step(2, Cpu(2)), "2x1 0.0002344");
  EXPECT_EQ(step(300, Gpu(80)), "256x1 0.03");
  EXPECT_EQ(step(600, Gpu(24)), "128x4 0.06");
  EXPECT_THAT(FileOf(Photos(40, 96), Cpu(2)), HasSubstr("not 64, since there are 40 images"));
  EXPECT_THAT(MessageOf<ConfigError>([&] { step(1, Cpu(2)); }), HasSubstr("two at least"));
}

// That of CIFAR-10, whose learning rate is scaled by the effective batch itself.
TEST(StarterValues, SmallImagesHaveTheirOwnRecipe) {
  const std::string gpu = FileOf(Photos(50'000, 32), Gpu(24));
  for (const char* line :
       {"\n  image_size: 32 ", "\n  stem: small ", "\n  blur: 0.0 ", "\n  crop_scale: [0.08, 1.0] ",
        "\n  optimizer: lars ", "\n  learning_rate: 1.0 ", "\n  lr_scaling: linear ",
        "\n  batch_size: 512 ", "\n  gradient_accumulation: 1 ", "\n  backbone: resnet18 ",
        "\n  epochs: 1000 ", "\n  num_workers: auto "}) {
    EXPECT_THAT(gpu, HasSubstr(line));
  }
  const std::string cpu = FileOf(Photos(50'000, 28), Cpu(2));
  for (const char* line :
       {"\n  image_size: 28 ", "\n  stem: small ", "\n  optimizer: lars ",
        "\n  learning_rate: 1.0 ", "\n  batch_size: 64 ", "\n  gradient_accumulation: 4 ",
        "\n  epochs: 20 ", "\n  warmup_epochs: 2 "}) {
    EXPECT_THAT(cpu, HasSubstr(line));
  }
  const std::string larger = FileOf(Photos(50'000, 33), Cpu(2));
  for (const char* key : {"stem", "blur", "optimizer", "lr_scaling", "weight_decay"}) {
    EXPECT_THAT(larger, Not(HasSubstr(std::string("\n  ") + key + ':')));
  }
}

TEST(StarterValues, AViewIsNoSmallerThan16Pixels) {
  EXPECT_EQ(ChooseValues(Photos(1000, 5), Cpu(2)).image_size, 16);
}

TEST(StarterFile, AGpuThatCannotBeUsedIsNamed) {
  HostFacts host = Cpu(1);
  host.gpu_trouble = "the driver is too old";
  EXPECT_THAT(FileOf(Photos(1000, 96), host), HasSubstr("device: cpu"));
  EXPECT_THAT(FileOf(Photos(1000, 96), host), HasSubstr("flowtrain doctor says why"));
  EXPECT_EQ(DescribeHost(host), "a GPU that cannot be used, 1 core");
  EXPECT_EQ(DescribeHost(Gpu(12, 8)), "NVIDIA GeForce with 12.0 GiB, 8 cores");
}

TEST(StarterFile, DecodedImagesMayStayInMemory) {
  DataFacts data = Photos(10'000, 96);
  EXPECT_THAT(FileOf(data, Gpu(24)), HasSubstr("\n  cache: memory "));
  data.kind = DatasetKind::kStl10;
  EXPECT_THAT(FileOf(data, Gpu(24)), Not(HasSubstr("\n  cache:")));
}

TEST(StarterFile, PathsAreWrittenSoThatTheyAreReadAgain) {
  DataFacts data = Photos(10'000, 96);
  data.root = "/data/$HOME: #1";
  data.splits = {"train", "a, b"};
  const std::string file = FileOf(data, Cpu(2));
  EXPECT_THAT(file, HasSubstr("\n  root: \"/data/$$HOME: #1\"  "));
  EXPECT_THAT(file, HasSubstr("\n  splits: [train, \"a, b\"] "));
  data.root = "/data/\xFF";
  EXPECT_THAT(MessageOf<ConfigError>([&] { FileOf(data, Cpu(2)); }), HasSubstr("not UTF-8"));
}

}  // namespace
}  // namespace flowtrain
