#include "nodes/train/checkpoint_file.h"

#include <c10/core/GradMode.h>

#include <array>
#include <charconv>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>

#include "nodes/train/checkpoint_folder.h"
#include "nodes/train/checksums.h"
#include "nodes/train/safetensors.h"
#include "pipeline/error.h"
#include "pipeline/log.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

using Metadata = std::map<std::string, std::string>;

// The key says that a file is a checkpoint, its value of which version. Version 1 was TorchScript's
// format, in which a file can hold a program.
constexpr char kFormat[] = "flowtrain_checkpoint";
constexpr uint64_t kVersion = 2;
constexpr char kWayOut[] =
    "; go on from an earlier checkpoint, which --resume with the run's folder finds";
constexpr char kModel[] = "model.", kOptimizer[] = "optimizer.", kScaler[] = "optimizer.scaler.";

bool StartsWith(const std::string& text, const std::string& start) {
  return text.rfind(start, 0) == 0;
}

[[noreturn]] void Damaged(const std::string& path, const std::string& why) {
  throw DataError("the checkpoint " + path + " is damaged: " + why + kWayOut);
}

bool IsZip(const std::string& path) {
  std::array<char, 2> start{};
  std::ifstream(path, std::ios::binary).read(start.data(), start.size());
  return start[0] == 'P' && start[1] == 'K';
}

uint64_t NumberIn(const Metadata& metadata, const char* key, const std::string& path) {
  const auto found = metadata.find(key);
  uint64_t number = 0;
  if (found != metadata.end()) {
    const char* end = found->second.data() + found->second.size();
    const auto [stop, error] = std::from_chars(found->second.data(), end, number);
    if (error == std::errc() && stop == end) return number;
  }
  Damaged(path, std::string("it does not say its ") + key);
}

std::string TextIn(const Metadata& metadata, const char* key, const std::string& path) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) Damaged(path, std::string("it does not say its ") + key);
  return found->second;
}

void CheckIsThere(const std::string& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) throw DataError("the checkpoint " + path + " does not exist");
  if (IsZip(path)) {
    throw DataError(path +
                    " is of flowtrain's first checkpoint format, or no checkpoint; that format "
                    "could hold programs and is no longer read. Export its weights with the "
                    "version that wrote it, and start from them with --init");
  }
}

void CheckVersion(const Metadata& metadata, const std::string& path) {
  const uint64_t version = NumberIn(metadata, kFormat, path);
  if (version <= kVersion) return;
  throw std::runtime_error(path + " was written by a newer flowtrain (format " +
                           std::to_string(version) + "); update this one");
}

// What is checked of the header, before or without the tensors.
void CheckMetadata(const Metadata& metadata, const std::string& path) {
  if (metadata.count(kFormat) == 0) {
    throw DataError(path + " is no flowtrain checkpoint: its header does not say so");
  }
  try {
    CheckSeal(metadata);
  } catch (const std::runtime_error& error) {
    Damaged(path, error.what());
  }
  CheckVersion(metadata, path);
}

Metadata ReadMetadata(const std::string& path) {
  CheckIsThere(path);
  Metadata metadata;
  try {
    metadata = ReadSafetensorsMetadata(path);
  } catch (const DataError& error) {
    throw DataError(error.what() + std::string(kWayOut));
  }
  CheckMetadata(metadata, path);
  return metadata;
}

Safetensors ReadWhole(const std::string& path) {
  CheckIsThere(path);
  Safetensors contents;
  try {
    contents = ReadSafetensors(path);
  } catch (const DataError& error) {
    throw DataError(error.what() + std::string(kWayOut));
  }
  CheckMetadata(contents.metadata, path);
  try {
    CheckSeal(contents);
  } catch (const std::runtime_error& error) {
    Damaged(path, error.what());
  }
  return contents;
}

TrainingState StateIn(const Metadata& metadata, const std::string& path) {
  return {NumberIn(metadata, "steps_done", path), NumberIn(metadata, "steps_per_epoch", path),
          TextIn(metadata, "config", path), TextIn(metadata, "graph", path)};
}

// Copies each stored tensor into the one of its name. All must be there, and no other; but a
// loss scaler may be in one of them alone (a run that moves between a GPU and a CPU).
void CopyInto(NamedTensors targets, const NamedTensors& stored) {
  const c10::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> left(stored.begin(), stored.end());
  for (auto& [name, target] : targets) {
    const auto found = left.find(name);
    if (found == left.end()) {
      if (StartsWith(name, kScaler)) continue;
      throw std::runtime_error("it has no '" + name + "'");
    }
    if (found->second.sizes() != target.sizes()) {
      throw std::runtime_error("'" + name + "' has another shape");
    }
    target.copy_(found->second);
    left.erase(found);
  }
  for (const auto& [name, tensor] : left) {
    if (!StartsWith(name, kScaler)) throw std::runtime_error("it has '" + name + "' too");
  }
}

bool IsWhole(const std::string& path) {
  try {
    ReadWhole(path);
    return true;
  } catch (const DataError& error) {
    LogWarning(std::string("a checkpoint is passed over: ") + error.what());
    return false;
  }
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
  Seal(contents);
  try {
    WriteSafetensors(path, contents);
  } catch (const DataError& error) {
    throw std::runtime_error(std::string("the checkpoint could not be written: ") + error.what() +
                             "; free space there, or mend it, then go on with --resume");
  }
}

TrainingState LoadCheckpoint(const std::string& path, SimclrModel& model, Optimizer& optimizer) {
  const Safetensors contents = ReadWhole(path);
  try {
    CopyInto(StateOf(model, optimizer), contents.tensors);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(path + " does not fit this network and optimizer (" +
                             optimizer.name() + "): " + error.what());
  }
  return StateIn(contents.metadata, path);
}

NamedTensors ReadNetwork(const std::string& path) {
  NamedTensors network;
  for (auto& [name, tensor] : ReadWhole(path).tensors) {
    if (StartsWith(name, kModel)) network.emplace_back(name.substr(sizeof(kModel) - 1), tensor);
  }
  return network;
}

TrainingState ReadTrainingState(const std::string& path) {
  return StateIn(ReadMetadata(path), path);
}

std::string FindCheckpoint(const std::string& path) {
  if (fs::is_regular_file(path)) return path;
  const std::vector<std::string> candidates = ListCheckpoints(path);
  for (const std::string& candidate : candidates) {
    if (IsWhole(candidate)) return candidate;
  }
  throw ConfigError(candidates.empty()
                        ? "no checkpoint in '" + path + "': name a checkpoint or a run's folder"
                        : "no checkpoint in '" + path + "' is whole; begin a new run");
}

bool HasCheckpoint(const std::string& folder) { return !ListCheckpoints(folder).empty(); }

bool IsCheckpoint(const std::string& path) {
  try {
    return ReadSafetensorsMetadata(path).count(kFormat) > 0;
  } catch (const DataError&) {
    return false;
  }
}

std::string CheckpointDigest(const std::string& path) { return DigestOf(ReadWhole(path).metadata); }

}  // namespace flowtrain
