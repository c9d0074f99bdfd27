#include "nodes/train/weights/read_checkpoint.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "nodes/train/weights/checkpoint_folder.h"
#include "nodes/train/weights/checkpoint_format.h"
#include "nodes/train/weights/checksums.h"
#include "nodes/train/weights/finite.h"
#include "nodes/train/weights/network_weights.h"
#include "nodes/train/weights/safetensors.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using checkpoint_format::kFormat;
using checkpoint_format::kModel;
using checkpoint_format::kVersion;
using checkpoint_format::ReadWhole;

using Metadata = std::map<std::string, std::string>;

constexpr char kWayOut[] =
    "; go on from an earlier checkpoint, which --resume with the run's folder finds";

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

// Files of earlier versions do not have it, nor do those of runs without an evaluation.
std::optional<double> FigureIn(const Metadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return {};
  double figure = 0;
  const char* end = found->second.data() + found->second.size();
  const auto [stop, error] = std::from_chars(found->second.data(), end, figure);
  if (error != std::errc() || stop != end) return {};
  return figure;
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

// What is checked in the header, before or without the tensors.
void CheckMetadata(const Metadata& metadata, const std::string& path) {
  if (metadata.count(kFormat) == 0) {
    throw DataError(path + " is not a flowtrain checkpoint: its header does not say so");
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

TrainingState StateOfMetadata(const Metadata& metadata, const std::string& path) {
  const auto dataset = metadata.find("dataset");
  const uint64_t ranks = metadata.count("ranks") == 0 ? 1 : NumberIn(metadata, "ranks", path);
  return {NumberIn(metadata, "steps_done", path),
          NumberIn(metadata, "steps_per_epoch", path),
          TextIn(metadata, "config", path),
          TextIn(metadata, "graph", path),
          FigureIn(metadata, checkpoint_format::kKnnStart),
          dataset == metadata.end() ? "" : dataset->second,
          static_cast<int>(std::max<uint64_t>(1, ranks))};
}

// Of a training that has diverged there is nothing to go on from, or to evaluate.
void CheckNumbers(const NamedTensors& tensors, const std::string& path) {
  if (const std::string name = FirstNonFinite(tensors); !name.empty()) {
    throw DataError("the checkpoint " + path + " is not finite: '" + name +
                    "' holds infinite values or NaN, since the training had diverged" + kWayOut);
  }
  if (const std::string name = FirstNegativeVariance(tensors); !name.empty()) {
    throw DataError("the checkpoint " + path + " cannot be used: '" + name +
                    "' is a variance and holds values below 0" + kWayOut);
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

Safetensors checkpoint_format::ReadWhole(const std::string& path) {
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
  CheckNumbers(contents.tensors, path);
  return contents;
}

TrainingState checkpoint_format::StateIn(const Safetensors& contents, const std::string& path) {
  return StateOfMetadata(contents.metadata, path);
}

NamedTensors ReadNetwork(const std::string& path) {
  NamedTensors network;
  for (auto& [name, tensor] : ReadWhole(path).tensors) {
    if (name.rfind(kModel, 0) == 0) network.emplace_back(name.substr(sizeof(kModel) - 1), tensor);
  }
  return network;
}

TrainingState ReadTrainingState(const std::string& path) {
  return StateOfMetadata(ReadMetadata(path), path);
}

std::string FindCheckpoint(const std::string& path) {
  if (fs::is_regular_file(path)) return path;
  if (std::error_code error; !fs::exists(path, error)) {
    throw ConfigError("there is no '" + path + "': name a checkpoint or a run's folder");
  }
  const std::vector<std::string> candidates = ListCheckpoints(path);
  for (const std::string& candidate : candidates) {
    if (IsWhole(candidate)) return candidate;
  }
  throw ConfigError(candidates.empty()
                        ? "no checkpoint in '" + path + "': name a checkpoint or a run's folder"
                        : "no checkpoint in '" + path + "' can be used; begin a new run");
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
