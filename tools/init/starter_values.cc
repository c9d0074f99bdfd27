#include "tools/init/starter_values.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <cstdlib>

#include "pipeline/base/error.h"
#include "pipeline/config/put_parameter.h"
#include "tools/load/find_file.h"

namespace flowtrain {
namespace {

constexpr char kCpuFile[] = "configs/cpu.yaml", kSmallFile[] = "configs/cifar10_config.yaml";

// The files of GPUs, by their memory; the figures of batches are for 96 pixels.
struct GpuFile {
  const char* name;
  double gib;
};
constexpr std::array<GpuFile, 4> kGpuFiles = {{{"configs/h100_80gb.yaml", 80},
                                               {"configs/gpu_24gb.yaml", 24},
                                               {"configs/rtx3060_12gb.yaml", 12},
                                               {"configs/gpu_8gb.yaml", 8}}};
constexpr int kSideOfFigures = 96, kSmallSide = 32;
constexpr int kLeastSide = 16, kMostSide = 224;

// A driver keeps some of what a card is sold with.
bool HasMemory(const HostFacts& host, double gib) {
  return static_cast<double>(host.gpu_bytes) >= 0.9 * gib * (uint64_t{1} << 30);
}

std::string FileFor(const HostFacts& host) {
  if (host.gpu.empty()) return kCpuFile;
  for (const GpuFile& file : kGpuFiles) {
    if (HasMemory(host, file.gib)) return file.name;
  }
  return kGpuFiles.back().name;
}

Config Figures(const std::string& machine_file, bool small, bool on_cpu) {
  Config figures(FindShippedFile("configs/stl10_config.yaml"));
  figures.OverlayFile(FindShippedFile(machine_file));
  if (!small) return figures;
  figures.OverlayFile(FindShippedFile(kSmallFile));
  if (!on_cpu) return figures;
  // The recipe is for a GPU: of its size and length a CPU has its own.
  const Config cpu(FindShippedFile(machine_file));
  for (const char* key :
       {"data.batch_size", "gpu.gradient_accumulation", "train.epochs", "train.warmup_epochs"}) {
    PutParameter(figures, key, *cpu.Find(key));
  }
  return figures;
}

// A step takes no more images than there are.
void FitToImages(uint64_t images, StarterValues& values) {
  constexpr uint64_t kLeastBatch = 2;
  const auto asked = static_cast<uint64_t>(values.accumulation);
  if (static_cast<uint64_t>(values.effective_batch()) <= images) return;
  const uint64_t batch = std::max(std::bit_floor(images / asked), kLeastBatch);
  values.batch_size = static_cast<int>(std::min<uint64_t>(batch, values.full_batch_size));
  values.accumulation = static_cast<int>(
      std::clamp<uint64_t>(images / static_cast<uint64_t>(values.batch_size), 1, asked));
}

// That of the figures is for their effective batch, if it is not scaled by itself.
std::string LearningRate(const Config& figures, int figures_batch, int batch) {
  const std::string given = figures.Find("train.learning_rate")->scalar;
  if (batch == figures_batch || figures.Get<std::string>("train.lr_scaling") != "none") {
    return given;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g",
                figures.Get<double>("train.learning_rate") * batch / figures_batch);
  return text.data();
}

std::string Workers(const Config& figures, int cores) {
  const auto given = figures.Get<std::string>("data.num_workers");
  return given == "auto" ? given : std::to_string(std::min(std::atoi(given.c_str()), cores));
}

}  // namespace

StarterValues ChooseValues(const DataFacts& data, const HostFacts& host) {
  if (data.images < 2) {
    throw ConfigError(data.description +
                      ": a training compares images, so it takes two at least, and some thousands "
                      "to learn anything");
  }
  StarterValues values;
  values.image_size = std::clamp(data.sides.median, kLeastSide, kMostSide);
  values.small = values.image_size <= kSmallSide;
  values.file = FileFor(host);
  const bool on_cpu = host.gpu.empty();
  values.figures = Figures(values.file, values.small, on_cpu);
  values.batch_size = values.figures.Get<int>("data.batch_size");
  values.full_batch_size = values.batch_size;
  values.accumulation = values.figures.Get<int>("gpu.gradient_accumulation");
  values.auto_accumulation =
      !on_cpu && (values.image_size > kSideOfFigures || !HasMemory(host, kGpuFiles.back().gib));
  const int figures_batch = values.effective_batch();
  FitToImages(data.images, values);
  values.learning_rate = LearningRate(values.figures, figures_batch, values.effective_batch());
  values.workers = Workers(values.figures, host.cpu.usable);
  return values;
}

}  // namespace flowtrain
