#include "pipeline/base/thread_limit.h"

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace flowtrain {
namespace {

// Threads that wait until all of them are released.
class Crowd {
 public:
  Crowd() = default;
  ~Crowd() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void Add() {
    threads_.emplace_back([this] {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return over_; });
    });
  }
  size_t size() const { return threads_.size(); }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

const char* MoreThreads() {
  return "raise the limit (ulimit -u and -v, or those of the container), or lower the numbers "
         "of workers and of the device's threads";
}

void CheckThreads(int threads) {
  Crowd crowd;
  try {
    for (int i = 0; i < threads; ++i) crowd.Add();
  } catch (const std::system_error&) {
    throw std::runtime_error("the run needs up to " + std::to_string(threads) +
                             " threads, but the system allows it " + std::to_string(crowd.size()) +
                             ": " + MoreThreads());
  }
}

}  // namespace flowtrain
