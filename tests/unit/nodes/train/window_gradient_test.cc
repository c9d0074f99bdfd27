// The gradients of a window, against those of one batch and of a graph that holds all of it.

#include "nodes/train/window_gradient.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "nodes/device/autocast.h"
#include "nodes/train/model/normalise.h"
#include "nodes/train/model/projection_head.h"
#include "tests/support/tensors.h"

namespace flowtrain {
namespace {

struct Result {
  at::Tensor loss, gradients, statistics;
};

// All that the split of a window could upset: convolutions, batch-norms and the projection head. A
// ResNet would take minutes; window_test.cc uses one.
struct SmallNetwork final : torch::nn::Module {
  SmallNetwork() {
    first =
        register_module("first", torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 16, 3).stride(2)));
    norm = register_module("norm", torch::nn::BatchNorm2d(16));
    second = register_module("second", torch::nn::Conv2d(torch::nn::Conv2dOptions(16, 32, 3)));
    head = std::make_shared<ProjectionHead>(ProjectionOptions{.in = 32, .hidden = 32, .out = 16});
    register_module("head", head);
  }
  at::Tensor Represent(const at::Tensor& images) {
    const at::Tensor features = second->forward(norm->forward(first->forward(images)).relu());
    return head->forward(features.relu().mean({2, 3}));
  }

  torch::nn::Conv2d first{nullptr}, second{nullptr};
  torch::nn::BatchNorm2d norm{nullptr};
  std::shared_ptr<ProjectionHead> head;
};

// The network, always the same, and a window of noise.
class Window {
 public:
  static constexpr int64_t kImages = 16, kBatch = 4, kSide = 8;

  explicit Window(at::ScalarType type, const std::string& loss = "nt_xent", double scale = 1)
      : type_(type) {
    at::manual_seed(4);
    module_ = std::make_shared<SmallNetwork>();
    if (type == at::kDouble) module_->to(type);
    statistics_.emplace(*module_);
    network_ = {[this](const at::Tensor& images) { return Represent(images); },
                module_->parameters(), MakeLoss({.name = ChoiceValue(LossNames(), loss)}),
                [scale](const at::Tensor& l) { return l * scale; }, [this] { return room_-- > 0; }};
    at::manual_seed(5);
    images_ = at::randint(256, {2, kImages, kSide, kSide, 3}, at::kByte);
  }

  // Batch-norm by running statistics, which then stand still.
  void Freeze() { module_->eval(); }

  // In micro-batches of the given size, of batches of kBatch images, with room for so many graphs of
  // micro-batches.
  Result Run(Accumulation accumulation, int64_t micro_batch, int64_t room = 0) {
    room_ = room;
    forward_passes_ = 0;
    WindowGradient gradient(accumulation, network_, *statistics_);
    module_->zero_grad();
    gradient.Begin(kImages, micro_batch);
    for (int64_t first = 0; first < kImages; first += kBatch) {
      gradient.Add(images_.narrow(1, first, kBatch).contiguous());
      gradient.Advance();
    }
    const at::Tensor loss = gradient.Finish();
    return {loss, Gradients(), Statistics()};
  }

  // With the activations of all micro-batches at a time: what the exact mode saves.
  Result RunWhole(int64_t micro_batch) {
    module_->zero_grad();
    std::vector<at::Tensor> parts;
    for (int64_t first = 0; first < kImages; first += micro_batch) {
      const at::Tensor part = images_.narrow(1, first, micro_batch).flatten(0, 1);
      parts.push_back(Represent(part).view({2, micro_batch, -1}));
    }
    const at::Tensor loss = network_.loss(at::cat(parts, 1).flatten(0, 1));
    network_.scale(loss).backward();
    return {loss.detach(), Gradients(), Statistics()};
  }

  int forward_passes() const { return forward_passes_; }  // of micro-batches, in the last Run

 private:
  at::Tensor Represent(const at::Tensor& images) {
    ++forward_passes_;
    const bool mixed = type_ == at::kHalf || type_ == at::kBFloat16;
    const Autocast autocast(c10::kCPU, mixed ? type_ : at::kFloat);
    const at::Tensor input = Normalise(images);
    return module_->Represent(type_ == at::kDouble ? input.to(type_) : input);
  }
  at::Tensor Gradients() const {
    std::vector<at::Tensor> all;
    for (const at::Tensor& parameter : module_->parameters()) {
      all.push_back(parameter.grad().flatten());
    }
    return at::cat(all);
  }
  at::Tensor Statistics() const {
    std::vector<at::Tensor> all;
    for (const at::Tensor& buffer : module_->buffers()) {
      all.push_back(buffer.flatten().to(at::kDouble));
    }
    return at::cat(all);
  }

  const at::ScalarType type_;
  std::shared_ptr<SmallNetwork> module_;
  std::optional<RunningStatistics> statistics_;
  WindowGradient::Network network_;
  int64_t room_ = 0;
  int forward_passes_ = 0;
  at::Tensor images_;
};

// Rounding of a type, through the layers and back.
double RoundingOf(at::ScalarType type) { return type == at::kDouble ? 1e-10 : 1e-5; }

class Precise : public testing::TestWithParam<at::ScalarType> {};

TEST_P(Precise, ExactIsOneLargeBatchWhereBatchNormIsFrozen) {
  Window window(GetParam());
  window.Freeze();
  const Result whole = window.RunWhole(Window::kImages);
  for (const int64_t micro_batch : {4, 2, 8, 3, 16, 1}) {  // 3: across batches, the last is short
    const Result exact = window.Run(Accumulation::kExact, micro_batch);
    EXPECT_LT(RelativeDifference(exact.gradients, whole.gradients), RoundingOf(GetParam()))
        << micro_batch;
    EXPECT_LT(RelativeDifference(exact.loss, whole.loss), RoundingOf(GetParam())) << micro_batch;
  }
}

TEST_P(Precise, ExactTakesTheStatisticsOfItsMicroBatches) {
  Window window(GetParam()), reference(GetParam());
  const Result exact = window.Run(Accumulation::kExact, 4);
  const Result whole = reference.RunWhole(4);
  EXPECT_LT(RelativeDifference(exact.gradients, whole.gradients), RoundingOf(GetParam()));
  EXPECT_LT(RelativeDifference(exact.loss, whole.loss), RoundingOf(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Types, Precise, testing::Values(at::kFloat, at::kDouble),
                         [](const auto& info) { return std::string(c10::toString(info.param)); });

TEST(WindowGradient, RunningStatisticsMoveAsInASinglePass) {
  Window window(at::kDouble), reference(at::kDouble);
  const Result exact = window.Run(Accumulation::kExact, 4);
  EXPECT_TRUE(exact.statistics.equal(reference.RunWhole(4).statistics));
}

// One pass, two passes, and one for the first micro-batches only: batch-norm in training, micro-batches
// across the loader's batches, a short last one.
TEST(WindowGradient, OnePassGivesTheBitsOfTwo) {
  for (const auto& [type, scale] : {std::pair(at::kFloat, 1.0), std::pair(at::kDouble, 1.0),
                                    std::pair(at::kBFloat16, 1.0), std::pair(at::kHalf, 1024.0)}) {
    for (const int64_t micro_batch : {4, 2, 6}) {
      SCOPED_TRACE(std::string(c10::toString(type)) + ' ' + std::to_string(micro_batch));
      Window two_passes(type, "nt_xent", scale);
      const Result two = two_passes.Run(Accumulation::kExact, micro_batch);
      const auto micro_batches =
          static_cast<int>((Window::kImages + micro_batch - 1) / micro_batch);
      EXPECT_EQ(two_passes.forward_passes(), 2 * micro_batches);
      for (int room = 1; room <= micro_batches; ++room) {
        Window window(type, "nt_xent", scale);
        const Result one = window.Run(Accumulation::kExact, micro_batch, room);
        EXPECT_EQ(window.forward_passes(), 2 * micro_batches - room);
        EXPECT_TRUE(one.loss.equal(two.loss)) << room;
        EXPECT_TRUE(one.gradients.equal(two.gradients)) << room;
        EXPECT_TRUE(one.statistics.equal(two.statistics)) << room;
      }
    }
  }
}

TEST(WindowGradient, IndependentIsAnotherLoss) {
  Window window(at::kDouble);
  window.Freeze();
  const Result whole = window.RunWhole(Window::kImages);
  const Result independent = window.Run(Accumulation::kIndependent, 4);
  EXPECT_GT(RelativeDifference(independent.gradients, whole.gradients), 0.01);
  // ln 30 instead of ln 6 others that all look alike.
  EXPECT_GT(whole.loss.item<double>() - independent.loss.item<double>(), 1);
}

TEST(WindowGradient, IndependentIsTheMeanOverImagesWhereTheLastMicroBatchIsShort) {
  Window window(at::kDouble);
  window.Freeze();
  const Result halves = window.Run(Accumulation::kIndependent, 8);
  const Result uneven = window.Run(Accumulation::kIndependent, 12);
  const Result whole = window.Run(Accumulation::kIndependent, 16);
  EXPECT_LT(halves.loss.item<double>(), uneven.loss.item<double>());
  EXPECT_LT(uneven.loss.item<double>(), whole.loss.item<double>());
}

// The other methods' losses couple the images of a window too.
TEST(WindowGradient, IsExactForEveryLoss) {
  for (const char* loss : {"dcl", "barlow_twins", "vicreg"}) {
    Window window(at::kDouble, loss);
    window.Freeze();
    const Result whole = window.RunWhole(Window::kImages);
    const Result exact = window.Run(Accumulation::kExact, 4);
    EXPECT_LT(RelativeDifference(exact.gradients, whole.gradients), 1e-10) << loss;
    EXPECT_LT(RelativeDifference(exact.loss, whole.loss), 1e-10) << loss;
    const Result independent = window.Run(Accumulation::kIndependent, 4);
    EXPECT_GT(RelativeDifference(independent.gradients, whole.gradients), 0.01) << loss;
  }
}

// Two ways to the same gradients, each with the rounding of 8 or 11 bits; the loss of a half needs
// a scale. What another loss would be is far away.
TEST(WindowGradient, IsExactUnderMixedPrecisionToo) {
  for (const auto& [type, scale, tolerance] :
       {std::tuple(at::kBFloat16, 1.0, 0.05), std::tuple(at::kHalf, 1024.0, 0.01)}) {
    Window window(type, "nt_xent", scale);
    window.Freeze();
    const Result whole = window.RunWhole(Window::kImages);
    const Result exact = window.Run(Accumulation::kExact, 4);
    const Result independent = window.Run(Accumulation::kIndependent, 4);
    EXPECT_LT(RelativeDifference(exact.gradients, whole.gradients), tolerance);
    EXPECT_LT(RelativeDifference(exact.loss, whole.loss), tolerance);
    EXPECT_GT(RelativeDifference(independent.gradients, whole.gradients), 0.2);
  }
}

// What fp16 needs: gradients times the scale, a loss without it.
TEST(WindowGradient, CarriesTheLossScaleThroughBothPasses) {
  Window plain(at::kDouble), scaled(at::kDouble, "nt_xent", 1024);
  const Result one = plain.Run(Accumulation::kExact, 4);
  const Result many = scaled.Run(Accumulation::kExact, 4);
  EXPECT_LT(RelativeDifference(many.gradients / 1024, one.gradients), 1e-12);
  EXPECT_EQ(many.loss.item<double>(), one.loss.item<double>());
}

}  // namespace
}  // namespace flowtrain
