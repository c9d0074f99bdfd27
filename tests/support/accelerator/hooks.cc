// What makes libtorch know the accelerator for tests, and what tests tell it.

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/detail/MTIAHooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Exception.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "tests/support/accelerator/memory.h"
#include "tests/support/accelerator/state.h"
#include "tests/support/accelerator/streams.h"

namespace flowtrain::accelerator {
namespace {

c10::DeviceIndex DeviceCount() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return static_cast<c10::DeviceIndex>(state.settings.devices);
}

class Guard final : public c10::impl::DeviceGuardImplInterface {
 public:
  static constexpr c10::DeviceType static_type = kType;

  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device device) const override {
    const c10::Device before = getDevice();
    setDevice(device);
    return before;
  }
  c10::Device getDevice() const override { return {kType, CurrentDevice()}; }
  void setDevice(c10::Device device) const override {
    if (!device.has_index()) return;
    TORCH_CHECK(device.index() < DeviceCount(), "CUDA error: invalid device ordinal");
    SetDevice(device.index());
  }
  void uncheckedSetDevice(c10::Device device) const noexcept override {
    if (device.has_index()) RestoreDevice(device.index());
  }
  c10::Stream getStream(c10::Device device) const override {
    return CurrentStream(IndexOf(device));
  }
  c10::Stream getDefaultStream(c10::Device device) const override {
    return StreamOf(IndexOf(device), 0);
  }
  c10::Stream getStreamFromGlobalPool(c10::Device device, bool) const override {
    return StreamFromPool(IndexOf(device));
  }
  c10::Stream getNewStream(c10::Device device, int) const override {
    return StreamFromPool(IndexOf(device));
  }
  c10::Stream exchangeStream(c10::Stream stream) const override { return ExchangeStream(stream); }
  c10::DeviceIndex deviceCount() const noexcept override { return DeviceCount(); }

  void record(void** event, const c10::Stream& stream, const c10::DeviceIndex,
              const c10::EventFlag) const override {
    if (*event == nullptr) *event = new std::shared_ptr<Event>(std::make_shared<Event>());
    Record(Of(*event), stream);
  }
  void block(void* event, const c10::Stream& stream) const override {
    if (event != nullptr) Block(Of(event), stream);
  }
  bool queryEvent(void* event) const override { return event == nullptr || Of(event)->Done(); }
  void destroyEvent(void* event, const c10::DeviceIndex) const noexcept override {
    delete static_cast<std::shared_ptr<Event>*>(event);
  }
  void synchronizeEvent(void* event) const override {
    if (event != nullptr) WaitForEvent(Of(event), CurrentDevice());
  }
  double elapsedTime(void* from, void* to, const c10::DeviceIndex) const override {
    TORCH_CHECK(queryEvent(from) && queryEvent(to), "an event has not been reached yet");
    return std::chrono::duration<double, std::milli>(Of(to)->at - Of(from)->at).count();
  }
  bool queryStream(const c10::Stream& stream) const override { return IsIdle(stream); }
  void synchronizeStream(const c10::Stream& stream) const override { WaitFor(stream); }
  void synchronizeDevice(const c10::DeviceIndex device) const override { WaitForDevice(device); }
  void recordDataPtrOnStream(const c10::DataPtr& data, const c10::Stream& stream) const override {
    DeviceMemory().recordStream(data, stream);
  }

 private:
  static const std::shared_ptr<Event>& Of(void* event) {
    return *static_cast<std::shared_ptr<Event>*>(event);
  }
  static c10::DeviceIndex IndexOf(c10::Device device) {
    return device.has_index() ? device.index() : CurrentDevice();
  }
};
C10_REGISTER_GUARD_IMPL(MTIA, Guard);

class Hooks final : public at::MTIAHooksInterface {
 public:
  explicit Hooks(at::MTIAHooksArgs) {}

  void init() const override { NeedContext(CurrentDevice()); }
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return DeviceCount() > 0; }
  bool hasMTIA() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex device) const override {
    State& state = TheState();
    const std::lock_guard lock(state.mutex);
    return state.counts.context[device];
  }
  c10::DeviceIndex deviceCount() const override { return DeviceCount(); }
  c10::DeviceIndex getDeviceCount() const override { return DeviceCount(); }
  c10::DeviceIndex getCurrentDevice() const override { return CurrentDevice(); }
  void setCurrentDevice(c10::DeviceIndex device) const override { SetDevice(device); }
  c10::DeviceIndex exchangeDevice(c10::DeviceIndex device) const override {
    const c10::DeviceIndex before = CurrentDevice();
    SetDevice(device);
    return before;
  }
  c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex device) const override {
    return exchangeDevice(device);
  }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override {
    static const auto* const generator = new at::Generator(at::detail::createCPUGenerator());
    return *generator;
  }
  bool isPinnedPtr(const void* address) const override { return IsPinned(address); }
  c10::Allocator* getPinnedMemoryAllocator() const override { return &PinnedMemory(); }
  c10::Device getDeviceFromPtr(void* address) const override { return {kType, DeviceOf(address)}; }
};

// What a program did, for who started it.
void Report() {
  const Counts counts = GetCounts();
  for (int device = 0; device < 2; ++device) {
    std::fprintf(stderr, "test accelerator: device %d %s\n", device,
                 counts.context[device] ? "was used" : "was not touched");
  }
}

void SetFromEnvironment(State& state) {
  Settings& settings = state.settings;
  const char* text = std::getenv("FLOWTRAIN_TEST_ACCELERATOR");
  std::istringstream words(text == nullptr ? "" : text);
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals), value = word.substr(equals + 1);
    if (name == "devices") settings.devices = std::stoi(value);
    if (name == "capacity_bytes") settings.capacity_bytes = std::stoull(value);
    if (name == "card_bytes") settings.card_bytes = std::stoull(value);
    if (name == "spill_us") settings.spill_us = std::stoi(value);
    if (name == "fraction") settings.fraction = std::stod(value);
    if (name == "delay_seed") settings.delay_seed = std::stoull(value);
    if (name == "busy") state.busy = value == "1";
    if (name == "pinned_fails") state.pinned_fails = value == "1";
    if (name == "lost_after") state.kernels_until_lost = std::stoll(value);
    if (name == "fail_allocation") state.failing_allocation = std::stoll(value);
    if (name == "fails_forever") state.fails_forever = value == "1";
    if (name == "report" && value == "1") std::atexit(Report);
  }
}

struct AtStart {
  AtStart() {
    c10::SetAllocator(kType, &DeviceMemory());
    SetFromEnvironment(TheState());
  }
} at_start;

}  // namespace

void Configure(const Settings& settings) {
  ClearErrors();
  DeviceMemory().emptyCache({0, 0});
  EmptyPinned();
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  const int64_t pinned_bytes = state.counts.pinned_bytes;
  state.settings = settings;
  state.counts = {};
  state.counts.pinned_bytes = pinned_bytes;
  state.allocations = state.failing_allocation = state.kernels_until_lost = 0;
  state.fails_forever = state.pinned_fails = state.busy = false;
}

void FailAllocation(int64_t number, Shortage shortage, bool forever) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.allocations = 0;
  state.failing_allocation = number;
  state.shortage = shortage;
  state.fails_forever = forever;
}

int64_t Allocations() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.allocations;
}

void FailPinnedAllocations(bool fail) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.pinned_fails = fail;
}

void LoseDeviceAfter(int64_t kernels) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.kernels_until_lost = kernels;
}

void BeBusy(bool busy) {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  state.busy = busy;
}

Counts GetCounts() {
  State& state = TheState();
  const std::lock_guard lock(state.mutex);
  return state.counts;
}

}  // namespace flowtrain::accelerator

// As the stand-in for NVIDIA's driver gives them (tests/support/nvidia), so that its management
// library has figures of these devices too.
extern "C" __attribute__((visibility("default"))) const char* flowtrain_pci_address(int device) {
  return device == 0 ? "0000:00:00.0" : "0000:01:00.0";
}

namespace at {
C10_REGISTER_TYPED_CLASS(MTIAHooksRegistry, "MTIAHooks", flowtrain::accelerator::Hooks)
}
