#include "nodes/train/checkpoint/checkpoint_file.h"

#include <c10/core/GradMode.h>

#include <array>
#include <charconv>
#include <map>
#include <stdexcept>

#include "nodes/train/weights/checkpoint_format.h"
#include "nodes/train/weights/checksums.h"
#include "nodes/train/weights/safetensors.h"
#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

using checkpoint_format::kFormat;
using checkpoint_format::kModel;
using checkpoint_format::kOptimizer;
using checkpoint_format::kScaler;
using checkpoint_format::kVersion;

// Copies each stored tensor into the target of the same name. Both must have the same names, but
// for a loss scaler, which only one of them may have (a run that moves between a GPU and a CPU).
void CopyInto(NamedTensors targets, const NamedTensors& stored) {
  const c10::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> left(stored.begin(), stored.end());
  for (auto& [name, target] : targets) {
    const auto found = left.find(name);
    if (found == left.end()) {
      if (name.starts_with(kScaler)) continue;
      throw std::runtime_error("it has no '" + name + "'");
    }
    if (found->second.sizes() != target.sizes()) {
      throw std::runtime_error("'" + name + "' has another shape");
    }
    if (found->second.scalar_type() != target.scalar_type()) {
      throw std::runtime_error("'" + name + "' is of another type");
    }
    target.copy_(found->second);
    left.erase(found);
  }
  for (const auto& [name, tensor] : left) {
    if (!name.starts_with(kScaler)) throw std::runtime_error("it has '" + name + "' too");
  }
}

// The shortest text that reads back as the same number.
std::string ExactText(double number) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), end};
}

}  // namespace

NamedTensors StateOf(const SimclrModel& model, const Optimizer& optimizer) {
  NamedTensors state;
  for (auto& [name, tensor] : ParametersAndBuffers(model.module())) {
    state.emplace_back(kModel + name, tensor.detach());
  }
  for (auto& [name, tensor] : optimizer.State()) state.emplace_back(kOptimizer + name, tensor);
  return state;
}

void SaveCheckpoint(const std::string& path, const NamedTensors& tensors,
                    const TrainingState& state) {
  Safetensors contents;
  for (const auto& [name, tensor] : tensors) {
    contents.tensors.emplace_back(name, tensor.detach().cpu().contiguous());
  }
  contents.metadata = {{kFormat, std::to_string(kVersion)},
                       {"steps_done", std::to_string(state.steps_done)},
                       {"steps_per_epoch", std::to_string(state.steps_per_epoch)},
                       {"config", state.config},
                       {"graph", state.graph}};
  if (state.knn_top1_start) {
    contents.metadata[checkpoint_format::kKnnStart] = ExactText(*state.knn_top1_start);
  }
  if (state.ranks > 1) contents.metadata["ranks"] = std::to_string(state.ranks);
  if (!state.dataset.empty()) contents.metadata["dataset"] = state.dataset;
  Seal(contents);
  try {
    WriteSafetensors(path, contents);
  } catch (const DataError& error) {
    throw std::runtime_error(std::string("the checkpoint could not be written: ") + error.what() +
                             "; free space there, or mend it, then go on with --resume");
  }
}

TrainingState LoadCheckpoint(const std::string& path, SimclrModel& model, Optimizer& optimizer) {
  const Safetensors contents = checkpoint_format::ReadWhole(path);
  try {
    CopyInto(StateOf(model, optimizer), contents.tensors);
  } catch (const std::runtime_error& error) {
    throw ConfigError(path + " does not fit this network and optimizer (" + optimizer.name() +
                      "): " + error.what() +
                      ". Leave them as they were, or begin a new run from its weights with --init");
  }
  return checkpoint_format::StateIn(contents, path);
}

}  // namespace flowtrain
