#include "pipeline/node/run_control.h"

#include <utility>

namespace flowtrain {

void RunControl::KeepFirst(std::exception_ptr error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
}

void RunControl::EndWith(std::exception_ptr error) {
  KeepFirst(std::move(error));
  ending_.store(true, std::memory_order_relaxed);
  drain_.store(true, std::memory_order_relaxed);
}

void RunControl::Fail(std::exception_ptr error) {
  KeepFirst(std::move(error));
  RequestAbort();
}

void RunControl::RethrowIfFailed() const {
  std::exception_ptr error;
  {
    const std::lock_guard lock(mutex_);
    error = error_;
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace flowtrain
