// What the negatives of the whole window cost: time and memory of a window's gradients, exact in one
// pass and in two, and independent, beside a plain batch of the size of a micro-batch.
//
//   build/release/tests/bench_window --benchmark_enable_random_interleaving=true
//       --benchmark_repetitions=5 --benchmark_report_aggregates_only=true
#include <ATen/Functions.h>
#include <benchmark/benchmark.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <unordered_map>

#include "nodes/train/model/normalise.h"
#include "nodes/train/window_gradient.h"
#include "tests/support/train_fixture.h"

namespace flowtrain {
namespace {

constexpr int64_t kSide = 32;

// Counts the bytes that tensors on the CPU hold. There is one, for the rest of the program: a
// memory's deleter knows no allocator.
class CountingAllocator final : public c10::Allocator {
 public:
  static CountingAllocator& Install() {
    static CountingAllocator* allocator = new CountingAllocator;
    return *(instance_ = allocator);
  }

  c10::DataPtr allocate(size_t bytes) override {
    void* data = inner_->allocate(bytes).release_context();
    held_ += bytes_of_[data] = bytes;
    peak_ = std::max(peak_, held_);
    return {data, data, &Free, c10::kCPU};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &Free; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    inner_->copy_data(to, from, bytes);
  }

  void ResetPeak() { peak_ = held_; }
  size_t peak() const { return peak_; }

 private:
  CountingAllocator() : inner_(c10::GetCPUAllocator()) { c10::SetCPUAllocator(this, 255); }
  // Of memory that was taken before it came, too.
  static void Free(void* data) {
    const auto found = instance_->bytes_of_.find(data);
    if (found != instance_->bytes_of_.end()) {
      instance_->held_ -= found->second;
      instance_->bytes_of_.erase(found);
    }
    instance_->inner_->raw_deleter()(data);
  }

  static inline CountingAllocator* instance_ = nullptr;
  c10::Allocator* const inner_;
  std::unordered_map<void*, size_t> bytes_of_;
  size_t held_ = 0, peak_ = 0;  // one thread takes memory here: the device has one
};

// Arguments: images of the window, images of a micro-batch.
void Window(benchmark::State& state, Accumulation accumulation, bool one_pass) {
  CountingAllocator& allocator = CountingAllocator::Install();
  Training training(Options{{"stem", "small"}, {"width_multiplier", "1"}});
  const int64_t images = state.range(0), micro_batch = state.range(1);
  WindowGradient gradient(
      accumulation,
      {[&](const at::Tensor& bytes) {
         return training.model->Project(training.model->Encode(Normalise(bytes)));
       },
       training.model->module().parameters(), MakeLoss({}),
       [](const at::Tensor& loss) { return loss; }, [=] { return one_pass; }},
      training.model->running_statistics());
  const at::Tensor window = at::randint(256, {2, images, kSide, kSide, 3}, at::kByte);
  allocator.ResetPeak();
  for (auto _ : state) {
    training.optimizer->ZeroGrad();
    gradient.Begin(images, micro_batch);
    gradient.Add(window);
    benchmark::DoNotOptimize(gradient.Finish());
  }
  state.counters["peak_MiB"] = static_cast<double>(allocator.peak()) / (1 << 20);
  state.SetItemsProcessed(state.iterations() * images);
}

void Sizes(benchmark::internal::Benchmark* window) {
  window->ArgNames({"images", "micro_batch"})
      ->Unit(benchmark::kMillisecond)
      ->Args({128, 32})
      ->Args({32, 8});
}

BENCHMARK_CAPTURE(Window, exact_in_one_pass, Accumulation::kExact, true)->Apply(Sizes);
BENCHMARK_CAPTURE(Window, exact_in_two_passes, Accumulation::kExact, false)->Apply(Sizes);
BENCHMARK_CAPTURE(Window, independent, Accumulation::kIndependent, false)
    ->Apply(Sizes)
    ->Args({32, 32});

}  // namespace
}  // namespace flowtrain
