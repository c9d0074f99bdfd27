#include "nodes/testing/test_log.h"

#include <utility>

#include "pipeline/node/registry.h"

namespace flowtrain {

void TestLog::Declare(NodeSpec& spec) { spec.Doc("Collects what the test nodes report."); }

void TestLog::AddEvent(std::string event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
}

void TestLog::AddStep(uint64_t step, const std::vector<uint64_t>& digests) {
  const std::lock_guard lock(mutex_);
  steps_.push_back(step);
  digests_.insert(digests_.end(), digests.begin(), digests.end());
}

std::vector<std::string> TestLog::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

std::vector<uint64_t> TestLog::steps() const {
  const std::lock_guard lock(mutex_);
  return steps_;
}

std::vector<uint64_t> TestLog::digests() const {
  const std::lock_guard lock(mutex_);
  return digests_;
}

FLOWTRAIN_REGISTER(TestLog);

}  // namespace flowtrain
