#include "tools/doctor/environment_checks.h"

#include <array>
#include <string_view>

namespace flowtrain {
namespace {

struct Variable {
  const char* name;
  // What it does; a value that means "off" has nothing said of it.
  const char* effect;
  bool hurts;
};

// Of libtorch 2.11, cuDNN 9 and CUDA 13.
constexpr std::array<Variable, 11> kVariables = {{
    {"CUDA_LAUNCH_BLOCKING", "the host waits for every kernel: for finding a fault, slow otherwise",
     true},
    {"TORCH_CUDNN_V8_API_ENABLED",
     "does nothing: libtorch has used that API of cuDNN always since version 2.1", false},
    {"TORCH_CUDNN_V8_API_DISABLED", "libtorch uses cuDNN's old, slower API", true},
    {"PYTORCH_NO_CUDA_MEMORY_CACHING", "every tensor is asked of the driver: very slow", true},
    {"NVIDIA_TF32_OVERRIDE", "0 turns TF32 off: FP32 products become several times slower", true},
    {"CUDNN_LOGLEVEL_DBG", "cuDNN logs every call: slow", true},
    {"OMP_PROC_BIND", "OpenMP binds the process to a few cores, the loader too", true},
    {"OMP_PLACES", "OpenMP binds the process to a few cores, the loader too", true},
    {"GOMP_CPU_AFFINITY", "OpenMP binds the process to a few cores, the loader too", true},
    {"LD_PRELOAD", "another library stands before libtorch's own", true},
    {"FLOWTRAIN_MAX_SIMD", "the augmentation is kept to a lesser instruction set", true},
}};

bool IsOff(const Variable& variable, std::string_view value) {
  if (std::string_view(variable.name) == "NVIDIA_TF32_OVERRIDE") return value != "0";
  return value.empty() || value == "0" || value == "false" || value == "FALSE";
}

}  // namespace

Findings CheckEnvironment(const std::function<const char*(const char*)>& get) {
  Findings findings;
  for (const Variable& variable : kVariables) {
    const char* value = get(variable.name);
    if (value == nullptr || IsOff(variable, value)) continue;
    const std::string text = std::string(variable.name) + '=' + value + ": " + variable.effect;
    findings.push_back(variable.hurts
                           ? Warn("Environment", text, "unset " + std::string(variable.name))
                           : Good("Environment", text));
  }
  if (findings.empty())
    findings.push_back(Good("Environment", "nothing in it slows training down"));
  return findings;
}

}  // namespace flowtrain
