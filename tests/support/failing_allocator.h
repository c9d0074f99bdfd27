// A CPU memory allocator that can be told to fail, in place of libtorch's.
#pragma once

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

#include <atomic>
#include <cstdint>

namespace flowtrain {

// While it lives, tensors on the CPU come from it.
class FailingAllocator final : public c10::Allocator {
 public:
  FailingAllocator() : inner_(c10::GetCPUAllocator()) { c10::SetCPUAllocator(this, kPriority); }
  ~FailingAllocator() override { c10::SetCPUAllocator(inner_, kPriority); }
  FailingAllocator(const FailingAllocator&) = delete;
  FailingAllocator& operator=(const FailingAllocator&) = delete;

  // The `number`-th allocation from now on, counted from 1, throws c10::OutOfMemoryError; 0: none.
  // With `forever`, all that follow do too.
  void FailAt(int64_t number, bool forever = false) {
    count_ = 0;
    fail_at_ = number;
    forever_ = forever;
  }
  int64_t count() const { return count_; }  // since FailAt

  c10::DataPtr allocate(size_t bytes) override {
    const int64_t number = ++count_;
    const bool fails = fail_at_ > 0 && (number == fail_at_ || (forever_ && number > fail_at_));
    if (fails) TORCH_CHECK_WITH(OutOfMemoryError, false, "told to have no room");
    return inner_->allocate(bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return inner_->raw_deleter(); }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    inner_->copy_data(to, from, bytes);
  }

 private:
  static constexpr uint8_t kPriority = 255;
  c10::Allocator* const inner_;
  std::atomic<int64_t> count_{0};
  int64_t fail_at_ = 0;
  bool forever_ = false;
};

}  // namespace flowtrain
