#include "tests/support/accelerator/profile.h"

#include <kineto/libkineto.h>
#include <kineto/output_base.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace flowtrain::accelerator {
namespace {

using libkineto::ActivityType;
using libkineto::GenericTraceActivity;

struct Piece {
  bool copy;
  int stream;
  int64_t begin_ns, end_ns;
};

struct Log {
  std::atomic<bool> on{false};
  std::mutex mutex;
  std::vector<Piece> pieces;
};
Log& TheLog() {
  static auto* const log = new Log;
  return *log;
}

int64_t Ns(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

// Its events have the types and names of CUDA's.
class Session final : public libkineto::IActivityProfilerSession {
 public:
  void start() override {
    const std::lock_guard lock(TheLog().mutex);
    TheLog().pieces.clear();
    TheLog().on = true;
  }
  void stop() override {
    TheLog().on = false;
    const std::lock_guard lock(TheLog().mutex);
    for (const Piece& piece : TheLog().pieces) {
      auto activity = std::make_unique<GenericTraceActivity>(
          buffer_->span, piece.copy ? ActivityType::GPU_MEMCPY : ActivityType::CONCURRENT_KERNEL,
          piece.copy ? "Memcpy" : "kernel");
      activity->startTime = piece.begin_ns;
      activity->endTime = piece.end_ns;
      activity->resource = piece.stream;
      buffer_->activities.push_back(std::move(activity));
    }
  }
  std::vector<std::string> errors() override { return {}; }
  void processTrace(libkineto::ActivityLogger& logger) override {
    for (const auto& activity : buffer_->activities) activity->log(logger);
  }
  std::unique_ptr<libkineto::DeviceInfo> getDeviceInfo() override { return nullptr; }
  std::vector<libkineto::ResourceInfo> getResourceInfos() override { return {}; }
  std::unique_ptr<libkineto::CpuTraceBuffer> getTraceBuffer() override {
    return std::move(buffer_);
  }

 private:
  std::unique_ptr<libkineto::CpuTraceBuffer> buffer_ =
      std::make_unique<libkineto::CpuTraceBuffer>();
};

class Profiler final : public libkineto::IActivityProfiler {
 public:
  const std::string& name() const override { return name_; }
  const std::set<ActivityType>& availableActivities() const override { return types_; }
  std::unique_ptr<libkineto::IActivityProfilerSession> configure(
      const std::set<ActivityType>&, const libkineto::Config&) override {
    return std::make_unique<Session>();
  }
  std::unique_ptr<libkineto::IActivityProfilerSession> configure(
      int64_t, int64_t, const std::set<ActivityType>& types,
      const libkineto::Config& config) override {
    return configure(types, config);
  }

 private:
  const std::string name_ = "test accelerator";
  const std::set<ActivityType> types_ = {ActivityType::GPU_MEMCPY, ActivityType::CONCURRENT_KERNEL};
};

struct Register {
  Register() {
    libkineto::api().registerProfilerFactory([] { return std::make_unique<Profiler>(); });
  }
} register_profiler;

}  // namespace

void NoteWork(bool copy, int stream, std::chrono::system_clock::time_point begin,
              std::chrono::system_clock::time_point end) {
  Log& log = TheLog();
  if (!log.on) return;
  const std::lock_guard lock(log.mutex);
  log.pieces.push_back({copy, stream, Ns(begin), Ns(end)});
}

}  // namespace flowtrain::accelerator
