#include "tools/doctor/gpu_checks.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <cstdlib>
#include <exception>
#include <optional>

#include "nodes/device/nvidia/cuda_driver.h"
#include "nodes/device/vendor_library.h"
#include "pipeline/base/text/first_line.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

std::string CudaVersion(int version) {
  return std::to_string(version / 1000) + '.' + std::to_string(version % 1000 / 10);
}

std::string CudnnVersion(int64_t version) {
  return std::to_string(version / 10000) + '.' + std::to_string(version / 100 % 100) + '.' +
         std::to_string(version % 100);
}

// The device that `wanted` names, or the first; empty: none.
std::optional<c10::Device> DeviceNamed(const std::string& wanted) {
  const std::optional<c10::DeviceType> type = at::accelerator::getAccelerator(false);
  if (!type || at::accelerator::deviceCount() == 0) return std::nullopt;
  const size_t colon = wanted.find(':');
  const int index = colon == std::string::npos ? 0 : std::atoi(wanted.c_str() + colon + 1);
  if (index >= at::accelerator::deviceCount()) return std::nullopt;
  return c10::Device(*type, static_cast<c10::DeviceIndex>(index));
}

void ReadMemory(c10::Device device, GpuFacts& facts) {
  try {
    at::globalContext().lazyInitDevice(device.type());
    const auto [free, total] = at::getDeviceAllocator(device.type())->getMemoryInfo(device.index());
    facts.free_bytes = free;
    facts.total_bytes = total;
  } catch (const std::exception& error) {
    facts.trouble = FirstLine(error.what());
    facts.is_there = true;
  }
}

Finding CheckFreeMemory(const GpuFacts& facts) {
  constexpr size_t kForTheGuide = size_t{3} << 30;  // batch 128 x 4 of 96 pixels, ResNet-18
  const std::string text = ShowGib(*facts.free_bytes) + " free of " + ShowGib(*facts.total_bytes);
  if (*facts.free_bytes >= kForTheGuide) return Good("GPU memory", text);
  return Warn("GPU memory", text + "; SimCLR at 128 x 4 of 96 pixels takes about 3 GiB",
              "nvidia-smi shows who holds it; or --set gpu.gradient_accumulation=auto --set "
              "train.effective_batch=512");
}

}  // namespace

GpuFacts ReadGpuFacts(const std::string& device) {
  GpuFacts facts;
  facts.wanted = device;
  const VendorLibrary library = LoadVendorLibrary(device);
  facts.is_there = library.gpu_is_there;
  facts.driver = ReadCudaDriver().version;
  const std::optional<c10::Device> found = DeviceNamed(device);
  if (!found) {
    facts.trouble = library.why.empty() ? "there is none" : library.why;
    return facts;
  }
  facts.is_there = true;
  facts.name = found->is_cuda() ? CudaDeviceName(found->index()) : "";
  if (facts.name.empty()) facts.name = found->str();
  if (found->is_cuda() && at::globalContext().hasCuDNN()) {
    facts.cudnn = at::globalContext().versionCuDNN();
  }
  ReadMemory(*found, facts);
  return facts;
}

Findings CheckGpu(const GpuFacts& facts) {
  if (facts.wanted == "cpu") {
    return {Good("GPU", "not wanted (device=cpu)")};
  }
  Findings findings;
  if (!facts.trouble.empty()) {
    const bool needed = facts.is_there || facts.wanted != "auto";
    const std::string text = "none can be used: " + facts.trouble;
    const char* remedy = "docs/troubleshooting.md, \"The GPU is not seen\"";
    findings.push_back(needed ? Fault("GPU", text, remedy)
                              : Warn("GPU",
                                     "there is none: training runs on the CPU, many times slower",
                                     "enough to try flowtrain; train where there is one"));
    return findings;
  }
  findings.push_back(Good("GPU", facts.name));
  if (facts.driver > 0) {
    findings.push_back(Good("GPU driver", "serves CUDA up to " + CudaVersion(facts.driver)));
  }
  if (facts.free_bytes && facts.total_bytes) findings.push_back(CheckFreeMemory(facts));
  if (facts.cudnn > 0) findings.push_back(Good("cuDNN", CudnnVersion(facts.cudnn)));
  return findings;
}

}  // namespace flowtrain
