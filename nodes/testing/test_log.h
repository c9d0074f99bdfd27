// What happened in a graph of test nodes.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "pipeline/node/node.h"

namespace flowtrain {

// Gathers what the test nodes report; a test finds it through its graph. Thread-safe.
//
// Example:
//   resources: {log: {type: TestLog}}
class TestLog final : public Resource {
 public:
  static void Declare(NodeSpec& spec);

  void AddEvent(std::string event);
  void AddStep(uint64_t step, const std::vector<uint64_t>& digests);

  std::vector<std::string> events() const;  // "sink.start", …: lifecycle calls in order
  std::vector<uint64_t> steps() const;      // numbers of the steps, as they came to TestSink
  std::vector<uint64_t> digests() const;    // of their batches, in that order

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> events_;
  std::vector<uint64_t> steps_, digests_;
};

}  // namespace flowtrain
