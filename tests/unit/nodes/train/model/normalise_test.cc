#include "nodes/train/model/normalise.h"

#include <ATen/Functions.h>
#include <ATen/record_function.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace flowtrain {
namespace {

// libtorch's callbacks are plain functions, so what they find needs a place outside the test.
std::vector<std::string>* operations_on_host_tensors = nullptr;

std::unique_ptr<at::ObserverContext> Note(const at::RecordFunction& operation) {
  for (const c10::IValue& input : operation.inputs()) {
    if (input.isTensor() && input.toTensor().defined() && input.toTensor().is_cpu()) {
      operations_on_host_tensors->push_back(operation.name());
    }
  }
  return nullptr;
}

// A copy from pageable memory waits for everything that is queued on the stream, so on a GPU the
// host would stop at each micro-batch. The meta device stands for the GPU.
TEST(Normalise, BringsNothingFromTheHost) {
  const at::Tensor bytes =
      at::empty({2, 4, 5, 3}, at::TensorOptions().dtype(at::kByte).device(at::kMeta));
  std::vector<std::string> found;
  operations_on_host_tensors = &found;
  const auto handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback(Note).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  const at::Tensor x = Normalise(bytes);
  at::removeCallback(handle);
  operations_on_host_tensors = nullptr;
  EXPECT_TRUE(x.is_meta());
  EXPECT_EQ(found, std::vector<std::string>{});
}

// In the bits that a subtraction and a division give, whatever images came before.
TEST(Normalise, KeepsItsConstants) {
  const at::Tensor bytes = at::arange(256, at::kByte).repeat({3, 1}).t().reshape({1, 16, 16, 3});
  Normaliser normalise;
  normalise(at::zeros({1, 2, 2, 3}, at::kByte));
  const at::Tensor x = normalise(bytes);
  EXPECT_EQ(x.scalar_type(), at::kFloat);
  const double mean[] = {0.485, 0.456, 0.406}, deviation[] = {0.229, 0.224, 0.225};
  for (int64_t channel = 0; channel < 3; ++channel) {
    const at::Tensor expected = (bytes.select(3, channel).to(at::kFloat) - mean[channel] * 255)
                                    .div(at::full({1}, deviation[channel] * 255));
    EXPECT_TRUE(x.select(1, channel).equal(expected)) << channel;
  }
}

TEST(Normalise, ScalesByImageNetsMeanAndDeviationAndTransposesNothing) {
  const at::Tensor bytes = at::arange(2 * 4 * 5 * 3, at::kByte).view({2, 4, 5, 3});
  const at::Tensor x = Normalise(bytes);
  EXPECT_EQ(x.sizes(), (std::vector<int64_t>{2, 3, 4, 5}));
  EXPECT_TRUE(x.is_contiguous(at::MemoryFormat::ChannelsLast));
  const double expected =
      (static_cast<double>(bytes[1][2][3][1].item<uint8_t>()) / 255 - 0.456) / 0.224;
  EXPECT_NEAR(x[1][1][2][3].item<float>(), expected, 1e-5);
}

}  // namespace
}  // namespace flowtrain
