#include "nodes/train/model/resnet.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "nodes/train/model/initialise.h"
#include "nodes/train/model/projection_head.h"
#include "nodes/train/model/simclr_model.h"
#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

int64_t Count(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const torch::Tensor& parameter : module.parameters()) count += parameter.numel();
  return count;
}

std::map<std::string, std::vector<int64_t>> Shapes(const torch::nn::Module& module) {
  std::map<std::string, std::vector<int64_t>> shapes;
  for (const auto& item : module.named_parameters())
    shapes[item.key()] = item.value().sizes().vec();
  for (const auto& item : module.named_buffers()) shapes[item.key()] = item.value().sizes().vec();
  return shapes;
}

using Shape = std::vector<int64_t>;

TEST(ResNet, HasTorchvisionsParameterCounts) {
  // torchvision's models less their classifiers of 1000 x D weights and 1000 biases.
  EXPECT_EQ(Count(ResNet({Backbone::kResNet18, Stem::kStandard})), 11'689'512 - 513'000);
  EXPECT_EQ(Count(ResNet({Backbone::kResNet34, Stem::kStandard})), 21'797'672 - 513'000);
  EXPECT_EQ(Count(ResNet({Backbone::kResNet50, Stem::kStandard})), 25'557'032 - 2'049'000);
}

TEST(ResNet, HasTorchvisionsNamesAndShapes) {
  const auto small = Shapes(ResNet({Backbone::kResNet18, Stem::kStandard}));
  EXPECT_EQ(small.size(),
            62u - 2 + 60u);  // torchvision's 62 parameters less fc's 2; 20 batch-norms of 3 buffers
  EXPECT_EQ(small.at("conv1.weight"), (Shape{64, 3, 7, 7}));
  EXPECT_EQ(small.at("bn1.running_mean"), (Shape{64}));
  EXPECT_EQ(small.at("layer1.0.conv1.weight"), (Shape{64, 64, 3, 3}));
  EXPECT_EQ(small.at("layer2.0.downsample.0.weight"), (Shape{128, 64, 1, 1}));
  EXPECT_EQ(small.at("layer2.0.downsample.1.weight"), (Shape{128}));
  EXPECT_EQ(small.at("layer4.1.bn2.num_batches_tracked"), (Shape{}));
  EXPECT_EQ(small.count("layer1.0.downsample.0.weight"), 0u);

  const auto large = Shapes(ResNet({Backbone::kResNet50, Stem::kStandard}));
  EXPECT_EQ(large.at("layer1.0.downsample.0.weight"), (Shape{256, 64, 1, 1}));
  EXPECT_EQ(large.at("layer3.5.conv3.weight"), (Shape{1024, 256, 1, 1}));
  EXPECT_EQ(large.at("layer4.2.bn3.bias"), (Shape{2048}));
}

TEST(ResNet, StemsDivideTheImageAsDocumented) {
  const torch::NoGradGuard no_grad;
  ResNet standard({Backbone::kResNet18, Stem::kStandard}),
      small({Backbone::kResNet18, Stem::kSmall});
  EXPECT_EQ(standard.forward(at::zeros({2, 3, 96, 96})).sizes(), (Shape{2, 512}));
  EXPECT_EQ(small.forward(at::zeros({2, 3, 32, 32})).sizes(), (Shape{2, 512}));
  EXPECT_EQ(Shapes(small).at("conv1.weight"), (Shape{64, 3, 3, 3}));
}

TEST(ResNet, TheMultiplierWidensEveryLayer) {
  // SimCLR's ResNet-50 (2x) has 94 million parameters (Chen et al. 2020, table 1).
  EXPECT_NEAR(static_cast<double>(Count(ResNet({Backbone::kResNet50, Stem::kStandard, 2}))), 94e6,
              0.5e6);
  const auto narrow = Shapes(ResNet({Backbone::kResNet50, Stem::kSmall, 0.25}));
  const auto usual = Shapes(ResNet({Backbone::kResNet50, Stem::kSmall}));
  ASSERT_EQ(narrow.size(), usual.size());
  for (const auto& [name, shape] : usual) {
    Shape expected = shape;
    for (size_t dim = 0; dim < std::min<size_t>(2, shape.size()); ++dim) {
      if (name != "conv1.weight" || dim == 0) expected[dim] /= 4;
    }
    EXPECT_EQ(narrow.at(name), expected) << name;
  }
  const torch::NoGradGuard no_grad;
  ResNet network({Backbone::kResNet18, Stem::kSmall, 0.25});
  EXPECT_EQ(network.feature_dim(), 128);
  EXPECT_EQ(network.forward(at::zeros({2, 3, 32, 32})).sizes(), (Shape{2, 128}));
}

TEST(ResNet, PartOfAChannelIsRefusedWithTheNearest) {
  const std::string message = MessageOf<ConfigError>([] {
    const ResNet network({Backbone::kResNet18, Stem::kSmall, 0.3});
  });
  EXPECT_THAT(message, testing::HasSubstr("19.2 channels"));
  EXPECT_THAT(message, testing::HasSubstr("take 0.296875"));
}

// Memory that was freed keeps what was in it.
void LeaveNaNsInFreeMemory() {
  std::vector<at::Tensor> tensors;
  for (int64_t bytes = 1024; bytes <= 1 << 20; bytes *= 4) {
    for (int i = 0; i < 6; ++i) tensors.push_back(at::full({bytes / 2}, NAN, at::kBFloat16));
  }
}

// Images of 16 pixels are one pixel before the last layer: of 3x3 weights the middle one counts.
TEST(ResNet, GradientsOfOnePixelComeFromThatPixel) {
  for (const Backbone backbone : {Backbone::kResNet18, Backbone::kResNet50}) {
    ResNet network({backbone, Stem::kStandard, 0.125});
    network.to(at::kBFloat16);
    const std::string name =
        backbone == Backbone::kResNet18 ? "layer4.0.conv1.weight" : "layer4.0.conv2.weight";
    for (int i = 0; i < 5; ++i) {
      network.zero_grad();
      LeaveNaNsInFreeMemory();
      const at::Tensor features = network.forward(at::rand({8, 3, 16, 16}, at::kBFloat16));
      LeaveNaNsInFreeMemory();
      features.mul(at::rand_like(features)).sum().backward();
      at::Tensor gradient = network.named_parameters()[name].grad().to(at::kFloat).clone();
      EXPECT_GT(gradient.select(3, 1).select(2, 1).abs().max().item<float>(), 0);
      gradient.select(3, 1).select(2, 1).zero_();
      EXPECT_TRUE(gradient.eq(0).all().item<bool>()) << gradient.abs().max();
    }
  }
}

TEST(SimclrModel, TheSeedDecidesTheWeights) {
  const auto of_seed = [](const char* seed) {
    return Training(Options{{"seed", seed}, {"width_multiplier", "1"}});
  };
  const Training a = of_seed("7"), b = of_seed("7"), c = of_seed("8");
  const auto weights = [](const Training& t) { return t.model->module().named_parameters(); };
  const auto first = weights(a), same = weights(b), other = weights(c);
  for (const auto& item : first) {
    EXPECT_TRUE(item.value().equal(same[item.key()])) << item.key();
  }
  EXPECT_FALSE(first["backbone.conv1.weight"].equal(other["backbone.conv1.weight"]));
  // He's normal of mode fan-out for the 7x7 stem: deviation sqrt(2 / (64 x 49)).
  const double deviation = first["backbone.conv1.weight"].std().item<double>();
  EXPECT_NEAR(deviation, std::sqrt(2.0 / (64 * 49)), 0.03 * deviation);
  EXPECT_TRUE(first["backbone.layer1.0.bn1.weight"].eq(1).all().item<bool>());
  EXPECT_TRUE(first["backbone.layer1.0.bn1.bias"].eq(0).all().item<bool>());
}

TEST(SimclrModel, ConvolutionsAreChannelsLast) {
  const Training training;
  for (const auto& item : training.model->module().named_parameters()) {
    if (item.value().dim() == 4) {
      EXPECT_TRUE(item.value().is_contiguous(at::MemoryFormat::ChannelsLast)) << item.key();
    }
  }
}

TEST(SimclrModel, ProjectsToTheAskedWidth) {
  const Training training(Options{{"projection_hidden", "96"}, {"projection_dim", "24"}});
  const torch::NoGradGuard no_grad;
  const torch::Tensor features = training.model->Encode(at::rand({4, 3, 64, 64}));
  EXPECT_EQ(training.model->Project(features).sizes(), (Shape{4, 24}));
  const auto shapes = Shapes(training.model->module());
  EXPECT_EQ(shapes.at("projection.linear1.weight"), (Shape{96, 64}));
  EXPECT_EQ(shapes.count("projection.linear1.bias"), 0u);
  EXPECT_EQ(shapes.at("projection.linear2.bias"), (Shape{24}));
  EXPECT_EQ(shapes.count("projection.bn2.weight"), 0u);
}

TEST(SimclrModel, TheHeadHasTheAskedLayers) {
  const Training training(Options{{"projection_hidden", "96"},
                                  {"projection_dim", "24"},
                                  {"projection_layers", "3"},
                                  {"projection_output_norm", "true"}});
  const auto shapes = Shapes(training.model->module());
  EXPECT_EQ(shapes.at("projection.linear2.weight"), (Shape{96, 96}));
  EXPECT_EQ(shapes.at("projection.bn2.weight"), (Shape{96}));
  EXPECT_EQ(shapes.at("projection.linear3.weight"), (Shape{24, 96}));
  EXPECT_EQ(shapes.at("projection.bn3.running_var"), (Shape{24}));
  EXPECT_EQ(shapes.count("projection.linear3.bias"), 0u);
}

}  // namespace
}  // namespace flowtrain
