#include "nodes/train/model/backbone_weights.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <utility>

#include "nodes/train/checkpoint/checkpoint_file.h"
#include "nodes/train/weights/safetensors.h"
#include "nodes/train/weights/state_dict_file.h"
#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class BackboneWeights : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_ / name; }

  // Every finding, a line each.
  static std::string MisfitsOf(const std::string& path, ResNet& backbone) {
    std::string text;
    for (const std::string& finding : FindingsOf([&] { LoadBackbone(path, backbone); })) {
      text += finding + '\n';
    }
    return text;
  }
  static std::string RefusalOf(const std::string& path) {
    return MessageOf<DataError>([&] { ReadBackboneWeights(path); });
  }

  const TempFolder folder_;
};

void ExpectTheBackbone(const NamedTensors& found, const torch::nn::Module& network) {
  std::map<std::string, at::Tensor> expected;
  for (const auto& [name, tensor] : ParametersAndBuffers(network)) {
    if (name.rfind("backbone.", 0) == 0) expected[name.substr(9)] = tensor;
  }
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [name, tensor] : found) {
    ASSERT_EQ(expected.count(name), 1u) << name;
    EXPECT_TRUE(tensor.equal(expected[name])) << name;
  }
}

TEST_F(BackboneWeights, AreTheSameFromACheckpointAndEitherFormat) {
  const Training training(Options{{"stem", "small"}});
  const torch::nn::Module& network = training.model->module();
  SaveCheckpoint(Path("ckpt.safetensors"), StateOf(*training.model, *training.optimizer), {1, 1});
  const NamedTensors backbone = ReadBackboneWeights(Path("ckpt.safetensors"));
  ExpectTheBackbone(backbone, network);
  WriteSafetensors(Path("b.safetensors"), {backbone, {}});
  WriteStateDict(Path("c.pt"), backbone);
  ExpectTheBackbone(ReadBackboneWeights(Path("b.safetensors")), network);
  ExpectTheBackbone(ReadBackboneWeights(Path("c.pt")), network);
}

TEST_F(BackboneWeights, AModelStartsFromThem) {
  const Training first(Options{{"seed", "7"}});
  SaveCheckpoint(Path("ckpt.safetensors"), StateOf(*first.model, *first.optimizer), {1, 1});
  const Training second(Options{{"seed", "8"}, {"init", Path("ckpt.safetensors")}}),
      other(Options{{"seed", "8"}});
  ExpectTheBackbone(ReadBackboneWeights(Path("ckpt.safetensors")), second.model->module());
  const auto head = second.model->module().named_parameters();
  for (const auto& item : other.model->module().named_parameters()) {
    if (item.key().rfind("projection.", 0) != 0) continue;
    EXPECT_TRUE(item.value().equal(head[item.key()])) << item.key() << " is no longer seeded";
  }
  const at::Tensor conv = head["backbone.layer1.0.conv1.weight"];
  EXPECT_TRUE(conv.is_contiguous(at::MemoryFormat::ChannelsLast));
}

TEST_F(BackboneWeights, TheClassifierIsIgnoredAndOldFilesWithoutCountersFit) {
  ResNet from({Backbone::kResNet18, Stem::kStandard}), to({Backbone::kResNet18, Stem::kStandard});
  NamedTensors tensors = {{"fc.weight", at::ones({1000, 512})}, {"fc.bias", at::ones({1000})}};
  for (const auto& [name, tensor] : ParametersAndBuffers(from)) {
    if (name.find("num_batches_tracked") == std::string::npos) tensors.emplace_back(name, tensor);
  }
  WriteSafetensors(Path("a.safetensors"), {tensors, {}});
  EXPECT_EQ(MisfitsOf(Path("a.safetensors"), to), "");
  EXPECT_TRUE(to.named_parameters()["layer4.1.conv2.weight"].equal(
      from.named_parameters()["layer4.1.conv2.weight"]));
}

TEST_F(BackboneWeights, EveryMisfitIsNamedAtOnce) {
  ResNet backbone({Backbone::kResNet18, Stem::kStandard});
  NamedTensors tensors;
  for (auto& [name, tensor] : ParametersAndBuffers(backbone)) {
    if (name == "bn1.bias" || name == "layer2.0.bn1.running_var") continue;
    tensors.emplace_back(name, name == "conv1.weight" ? at::ones({64, 3, 3, 3}) : tensor);
  }
  tensors.emplace_back("head.weight", at::ones({2}));
  WriteSafetensors(Path("a.safetensors"), {tensors, {}});
  const std::string findings = MisfitsOf(Path("a.safetensors"), backbone);
  EXPECT_THAT(findings, HasSubstr("2 tensors missing: bn1.bias, layer2.0.bn1.running_var\n"));
  EXPECT_THAT(findings, HasSubstr("1 tensor of another shape: conv1.weight [64, 3, 3, 3] instead "
                                  "of [64, 3, 7, 7]\n"));
  EXPECT_THAT(findings, HasSubstr("1 tensor that the backbone does not have: head.weight\n"));
  EXPECT_THAT(findings, HasSubstr("set backbone, stem and width_multiplier to theirs"));

  ResNet larger({Backbone::kResNet50, Stem::kStandard});
  EXPECT_THAT(MisfitsOf(Path("a.safetensors"), larger), HasSubstr(" more\n"));
}

// The backbone's tensors with `prefix` before their names.
NamedTensors Prefixed(const std::string& prefix, const ResNet& backbone) {
  NamedTensors tensors;
  for (const auto& [name, tensor] : ParametersAndBuffers(backbone)) {
    tensors.emplace_back(prefix + name, tensor);
  }
  return tensors;
}

TEST_F(BackboneWeights, NestingsAreSeenThroughAndNamed) {
  ResNet from({Backbone::kResNet18, Stem::kStandard}), to({Backbone::kResNet18, Stem::kStandard});
  for (const char* prefix : {"module.", "backbone.", "model.", "encoder_q.", "state_dict.",
                             "state_dict.module.encoder_q.", "model.backbone.", "online_encoder.",
                             "state_dict.net.0."}) {
    NamedTensors tensors = Prefixed(prefix, from);
    tensors.emplace_back("projection.0.weight", at::ones({2}));
    tensors.emplace_back("encoder_k.conv1.weight", at::ones({2}));
    WriteSafetensors(Path("a.safetensors"), {tensors, {}});
    {
      const c10::NoGradGuard no_grad;
      for (at::Tensor& tensor : to.parameters()) tensor.zero_();
    }
    testing::internal::CaptureStderr();
    EXPECT_EQ(MisfitsOf(Path("a.safetensors"), to), "") << prefix;
    EXPECT_THAT(
        testing::internal::GetCapturedStderr(),
        HasSubstr("the names begin with '" + std::string(prefix) + "', which is taken off"));
    for (const auto& item : from.named_parameters()) {
      EXPECT_TRUE(item.value().equal(to.named_parameters()[item.key()])) << prefix << item.key();
    }
    EXPECT_EQ(ReadBackboneWeights(Path("a.safetensors")).size(), tensors.size() - 2);
  }
  NamedTensors two = Prefixed("module.", from);
  two.emplace_back("backbone.conv1.weight", at::ones({64, 3, 7, 7}));
  WriteSafetensors(Path("two.safetensors"), {two, {}});
  EXPECT_THAT(RefusalOf(Path("two.safetensors")), HasSubstr("more than one backbone"));
  NamedTensors both = Prefixed("student.", from);
  for (auto& tensor : Prefixed("teacher.", from)) both.push_back(std::move(tensor));
  WriteSafetensors(Path("both.safetensors"), {both, {}});
  EXPECT_THAT(RefusalOf(Path("both.safetensors")),
              HasSubstr("the names begin with 'student.' and 'teacher.'"));
}

TEST_F(BackboneWeights, WhatIsNotFiniteOrNoFloatingPointIsRefusedByName) {
  ResNet from({Backbone::kResNet18, Stem::kStandard}), to({Backbone::kResNet18, Stem::kStandard});
  const auto refusal = [&](const std::string& name, const at::Tensor& instead) {
    NamedTensors tensors = Prefixed("", from);
    for (auto& [key, tensor] : tensors) {
      if (key == name) tensor = instead;
    }
    WriteSafetensors(Path("a.safetensors"), {tensors, {}});
    return MessageOf<DataError>([&] { LoadBackbone(Path("a.safetensors"), to); });
  };
  const at::Tensor good = from.named_parameters()["bn1.weight"].detach();
  at::Tensor nan = good.clone(), large = good.to(at::kDouble);
  nan[3] = std::nan("");
  large[5] = 1e300;  // a double, but no float
  const char* not_finite = "1 tensor with values that are not finite: bn1.weight";
  EXPECT_EQ(refusal("bn1.weight", good), "");
  EXPECT_THAT(refusal("bn1.weight", nan), HasSubstr(not_finite));
  EXPECT_THAT(refusal("bn1.weight", nan.to(at::kHalf)), HasSubstr(not_finite));
  EXPECT_THAT(refusal("bn1.weight", nan.to(at::kBFloat16)), HasSubstr(not_finite));
  EXPECT_THAT(refusal("bn1.weight", large), HasSubstr(not_finite));
  EXPECT_THAT(refusal("bn1.running_var", at::full({64}, 1e39, at::kDouble)),
              HasSubstr("not finite: bn1.running_var"));
  at::Tensor variance = at::ones({64});
  variance[9] = -1e-3;
  EXPECT_THAT(refusal("bn1.running_var", variance),
              HasSubstr("1 tensor with variances below 0: bn1.running_var"));
  EXPECT_EQ(refusal("bn1.running_mean", variance), "");
  EXPECT_THAT(refusal("bn1.weight", at::ones({64}, at::kLong)),
              HasSubstr("1 tensor of no floating-point type: bn1.weight Long"));
  EXPECT_THAT(refusal("bn1.weight", at::ones({64}, at::kBool)), HasSubstr("bn1.weight Bool"));
  EXPECT_EQ(refusal("bn1.num_batches_tracked", at::full({}, 7, at::kInt)), "") << "a counter";
}

TEST_F(BackboneWeights, OtherFloatingPointTypesAreConvertedAndTheLogSaysSo) {
  ResNet from({Backbone::kResNet18, Stem::kStandard}), to({Backbone::kResNet18, Stem::kStandard});
  for (const auto& [type, text] :
       {std::pair(at::kDouble, "float64"), std::pair(at::kHalf, "float16"),
        std::pair(at::kBFloat16, "bfloat16")}) {
    NamedTensors tensors = Prefixed("", from);
    for (auto& [name, tensor] : tensors) {
      if (tensor.is_floating_point()) tensor = tensor.detach().to(type);
    }
    WriteSafetensors(Path("a.safetensors"), {tensors, {}});
    testing::internal::CaptureStderr();
    LoadBackbone(Path("a.safetensors"), to);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                HasSubstr("tensors of " + std::string(text) + " converted to float32"));
    const at::Tensor expected =
        from.named_parameters()["conv1.weight"].detach().to(type).to(at::kFloat);
    EXPECT_TRUE(to.named_parameters()["conv1.weight"].equal(expected)) << text;
  }
}

TEST_F(BackboneWeights, TellWhichNetworkTheyAreOf) {
  for (const auto& [name, backbone] : Backbones().names) {
    const ResNet network({backbone, Stem::kSmall, 0.25});
    WriteSafetensors(Path("a.safetensors"), {Prefixed("module.", network), {}});
    const auto found = NetworkOf(Path("a.safetensors"));
    ASSERT_TRUE(found.has_value()) << name;
    EXPECT_EQ(found->name, backbone) << name;
    EXPECT_EQ(found->stem, Stem::kSmall);
    EXPECT_EQ(found->width_multiplier, 0.25);
  }
  WriteSafetensors(Path("b.safetensors"), {{{"conv1.weight", at::ones({8, 3, 5, 5})}}, {}});
  EXPECT_FALSE(NetworkOf(Path("b.safetensors")).has_value());
}

TEST_F(BackboneWeights, WhatIsNoneIsRefusedWithTheWayOut) {
  EXPECT_THAT(RefusalOf(Path("none.pt")), HasSubstr("there is no file"));
  folder_.Write("text.pt", "hello");
  EXPECT_THAT(RefusalOf(Path("text.pt")), HasSubstr(".safetensors"));
  WriteStateDict(Path("whole.pt"), {{"a", at::ones({100})}});
  EXPECT_EQ(RefusalOf(Path("whole.pt")), "");
  fs::copy(Path("whole.pt"), Path("cut.pt"));
  fs::resize_file(Path("cut.pt"), fs::file_size(Path("cut.pt")) / 2);
  EXPECT_THAT(RefusalOf(Path("cut.pt")), HasSubstr("cut short"));
}

}  // namespace
}  // namespace flowtrain
