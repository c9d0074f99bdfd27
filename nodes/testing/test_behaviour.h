// What all test nodes can be told: how long a packet takes, and where to fail.
#pragma once

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>

#include "nodes/testing/test_log.h"
#include "pipeline/node/node.h"
#include "pipeline/node/packet.h"

namespace flowtrain {

// Keeps the thread busy for `service_us` of its CPU time, or lets it sleep for as long by the
// clock.
void Serve(int64_t service_us, bool sleep);

// A node of class Base (SampleNode, StepNode, …) whose lifecycle calls are logged and can throw.
template <typename Base>
class TestBehaviour : public Base {
 public:
  void Open(const OpenContext& context) override {
    name_ = context.name();
    log_ = context.TryGet<TestLog>("log");
    Enter(Phase::kOpen);
  }
  void Start() override { Enter(Phase::kStart); }
  void Flush() override { Enter(Phase::kFlush); }
  void Close() noexcept override {
    if (log_ != nullptr) log_->AddEvent(name_ + ".close");
  }

 protected:
  static void DeclareBehaviour(NodeSpec& spec) {
    spec.MayUse("log", "TestLog")
        .Option(&TestBehaviour::service_us_, "service_us", 0, "Time a packet takes, microseconds.",
                AtLeast{0})
        .Option(&TestBehaviour::sleep_, "sleep", false,
                "Sleep for that time instead of keeping the core busy.")
        .Option(&TestBehaviour::lock_us_, "lock_us", 0,
                "Part of that time in which all others wait for a lock, microseconds.", AtLeast{0})
        .Option(&TestBehaviour::throw_in_, "throw_in", Phase::kNone, "Lifecycle call that throws.",
                Phases())
        .Option(&TestBehaviour::throw_at_, "throw_at_seq", 0,
                "Number of the packet on which process throws.", AtLeast{0});
  }

  // To be called first in Process.
  void Work(const Packet& packet) const {
    if (throw_in_ == Phase::kProcess && packet.seq == static_cast<uint64_t>(throw_at_)) {
      Throw(Phase::kProcess);
    }
    if (lock_us_ > 0) {
      const std::lock_guard lock(mutex_);
      Serve(lock_us_, sleep_);
    }
    if (service_us_ > lock_us_) Serve(service_us_ - lock_us_, sleep_);
  }

  TestLog* log_ = nullptr;

 private:
  enum class Phase : uint8_t { kNone, kOpen, kStart, kProcess, kFlush };
  static Choices<Phase> Phases() {
    return {{{"", Phase::kNone},
             {"open", Phase::kOpen},
             {"start", Phase::kStart},
             {"process", Phase::kProcess},
             {"flush", Phase::kFlush}}};
  }

  void Enter(Phase phase) const {
    if (log_ != nullptr) log_->AddEvent(name_ + '.' + ChoiceName(Phases(), phase));
    if (throw_in_ == phase) Throw(phase);
  }
  [[noreturn]] void Throw(Phase phase) const {
    throw std::runtime_error("told to throw in " + ChoiceName(Phases(), phase));
  }

  std::string name_;
  int64_t service_us_ = 0, lock_us_ = 0, throw_at_ = 0;  // options
  bool sleep_ = false;
  Phase throw_in_ = Phase::kNone;
  mutable std::mutex mutex_;
};

}  // namespace flowtrain
