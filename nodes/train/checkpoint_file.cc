#include "nodes/train/checkpoint_file.h"

#include <fcntl.h>
#include <torch/serialize/archive.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "pipeline/error.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kVersion = 1;
constexpr char kFormat[] = "flowtrain checkpoint";

std::string Cause(int error) {
  std::string text = std::strerror(error);
  if (error == ENOSPC || error == EDQUOT) text += "; free space there, then go on with --resume";
  return text;
}

// A file that takes its name only when it is whole and on the disk.
class NewFile {
 public:
  explicit NewFile(std::string path)
      : path_(std::move(path)),
        temporary_(path_ + ".tmp"),
        descriptor_(open(temporary_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) Fail(errno);
  }
  ~NewFile() {
    if (descriptor_ < 0) return;
    close(descriptor_);
    unlink(temporary_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void Write(const void* data, size_t size) {
    const auto* bytes = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t done = write(descriptor_, bytes, size);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) Fail(errno);
      bytes += done;
      size -= static_cast<size_t>(done);
    }
  }

  void Commit() {
    if (fsync(descriptor_) != 0) Fail(errno);
    if (rename(temporary_.c_str(), path_.c_str()) != 0) Fail(errno);
    close(descriptor_);
    descriptor_ = -1;
    // The new name is safe only when the folder is on the disk too.
    const int folder =
        open(fs::path(path_).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
      fsync(folder);
      close(folder);
    }
  }

 private:
  [[noreturn]] void Fail(int error) const {
    throw std::runtime_error("cannot write the checkpoint " + path_ + ": " + Cause(error));
  }

  std::string path_, temporary_;
  int descriptor_;
};

// Opens the archive and checks that it is one of ours.
torch::serialize::InputArchive OpenArchive(const std::string& path) {
  if (!fs::exists(path)) throw std::runtime_error("the checkpoint " + path + " does not exist");
  torch::serialize::InputArchive archive;
  c10::IValue format, version;
  try {
    archive.load_from(path, at::kCPU);
    archive.read("format", format);
    archive.read("version", version);
  } catch (const c10::Error&) {
    throw std::runtime_error(path +
                             " is no flowtrain checkpoint, or it was cut short; go on from an "
                             "earlier one");
  }
  if (!format.isString() || format.toStringRef() != kFormat || !version.isInt()) {
    throw std::runtime_error(path + " is no flowtrain checkpoint");
  }
  if (version.toInt() > kVersion) {
    throw std::runtime_error(path + " was written by a newer flowtrain (format " +
                             std::to_string(version.toInt()) + "); update this one");
  }
  return archive;
}

TrainingState ReadState(torch::serialize::InputArchive& archive) {
  c10::IValue steps, per_epoch, config;
  archive.read("steps_done", steps);
  archive.read("steps_per_epoch", per_epoch);
  archive.read("config", config);
  return {static_cast<uint64_t>(steps.toInt()), static_cast<uint64_t>(per_epoch.toInt()),
          config.toStringRef()};
}

void LoadNetwork(torch::serialize::InputArchive& archive, torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  torch::serialize::InputArchive network;
  archive.read("network", network);
  for (auto& [name, tensor] : ParametersAndBuffers(module)) {
    at::Tensor stored;
    if (!network.try_read(name, stored)) throw std::runtime_error("it has no '" + name + "'");
    if (stored.sizes() != tensor.sizes())
      throw std::runtime_error("'" + name + "' has another shape");
    tensor.copy_(stored);
  }
}

}  // namespace

void SaveCheckpoint(const std::string& path, const SimclrModel& model, const Optimizer& optimizer,
                    const TrainingState& state) {
  torch::serialize::OutputArchive archive, network, optimizer_archive;
  archive.write("format", c10::IValue(std::string(kFormat)));
  archive.write("version", c10::IValue(kVersion));
  archive.write("steps_done", c10::IValue(static_cast<int64_t>(state.steps_done)));
  archive.write("steps_per_epoch", c10::IValue(static_cast<int64_t>(state.steps_per_epoch)));
  archive.write("config", c10::IValue(state.config));
  for (const auto& [name, tensor] : ParametersAndBuffers(model.module()))
    network.write(name, tensor.detach(), true);
  archive.write("network", network);
  optimizer.Save(optimizer_archive);
  archive.write("optimizer", optimizer_archive);

  NewFile file(path);
  // libtorch's writer must not be left by an exception: its destructor writes on, throws again and
  // ends the process.
  std::exception_ptr error;
  archive.save_to([&](const void* data, size_t size) {
    try {
      if (!error) file.Write(data, size);
    } catch (const std::runtime_error&) {
      error = std::current_exception();
    }
    return size;
  });
  if (error) std::rethrow_exception(error);
  file.Commit();
}

TrainingState LoadCheckpoint(const std::string& path, SimclrModel& model, Optimizer& optimizer) {
  torch::serialize::InputArchive archive = OpenArchive(path);
  try {
    LoadNetwork(archive, model.module());
    torch::serialize::InputArchive optimizer_archive;
    archive.read("optimizer", optimizer_archive);
    optimizer.Load(optimizer_archive);
    return ReadState(archive);
  } catch (const c10::Error&) {
    throw std::runtime_error(path + " lacks a part, or is of another network or optimizer");
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(path + " does not fit this network and optimizer: " + error.what());
  }
}

NamedTensors ReadNetwork(const std::string& path) {
  torch::serialize::InputArchive archive = OpenArchive(path), network;
  archive.read("network", network);
  NamedTensors tensors;
  for (const std::string& name : network.keys()) {
    at::Tensor tensor;
    network.read(name, tensor);
    tensors.emplace_back(name, tensor.detach());
  }
  return tensors;
}

TrainingState ReadTrainingState(const std::string& path) {
  torch::serialize::InputArchive archive = OpenArchive(path);
  return ReadState(archive);
}

std::string FindCheckpoint(const std::string& path) {
  if (fs::is_regular_file(path)) return path;
  std::string newest;
  for (const fs::path& folder : {fs::path(path) / "checkpoints", fs::path(path)}) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      const std::string name = entry.path().filename().string();
      if (name.rfind("step-", 0) != 0 || entry.path().extension() != ".pt") continue;
      newest = std::max(newest, entry.path().string());
    }
    if (!newest.empty()) return newest;
  }
  throw ConfigError("no checkpoint in '" + path + "': name a checkpoint file or a run's folder");
}

std::string CheckpointName(uint64_t steps_done) {
  std::array<char, 40> name{};
  std::snprintf(name.data(), name.size(), "step-%08llu.pt",
                static_cast<unsigned long long>(steps_done));
  return name.data();
}

}  // namespace flowtrain
