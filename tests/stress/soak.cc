// Trains for long with everything going on at once: settings changed every second, one image in a
// hundred unreadable. Then tells how memory and speed went, and whether it trained the same as a
// run without any changes. A program of its own, run by hand:
//   soak SECONDS FOLDER [loader]      FOLDER is made; it holds the images and the runs. loader:
//   without
//                                     the training, whose memory comes and goes with each window
#include <malloc.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "nodes/decode/encode_png.h"
#include "nodes/report/run_dir.h"
#include "nodes/source/draw_picture.h"
#include "pipeline/clock.h"
#include "pipeline/log.h"
#include "pipeline/philox.h"
#include "pipeline/registry.h"
#include "tools/bench_graph.h"
#include "tools/load.h"
#include "tools/timing/live_run.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr int kImages = 1000, kSide = 40;
constexpr double kSettling = 30;  // seconds before memory is looked at: pools and caches fill

void MakeImages(const fs::path& folder) {
  fs::create_directories(folder);
  std::vector<uint8_t> rgb(size_t{3} * kSide * kSide);
  for (int i = 0; i < kImages; ++i) {
    DrawPicture(1, static_cast<uint64_t>(i), i % kFigureClasses, kSide, rgb);
    std::vector<uint8_t> file = EncodePng(rgb, kSide, kSide);
    if (i % 100 == 7) file.resize(file.size() / 2);
    std::ofstream(folder / (std::to_string(i) + ".png"), std::ios::binary)
        .write(reinterpret_cast<const char*>(file.data()),
               static_cast<std::streamsize>(file.size()));
  }
}

GraphDef SoakGraph(const std::string& images, const std::string& run, bool loader) {
  GraphRequest request;
  request.graph = FLOWTRAIN_SOURCE_DIR "/graphs/simclr.yaml";
  request.run_dir = run;
  request.sets = {"data.kind=folder",
                  "data.root=" + images,
                  "data.image_size=32",
                  "model.stem=small",
                  "data.batch_size=8",
                  "gpu.gradient_accumulation=2",
                  "data.max_bad_fraction=0.05",
                  "train.epochs=100000",
                  "evaluate.knn=false",
                  "threads=1",
                  "device=cpu",
                  "gpu.mixed_precision=false",
                  "data.num_workers=2"};
  GraphDef def = LoadForRun(request).def;
  if (loader) def = HostGraph(def, Registry::Global());
  def.capacity = {6, 64, 6};
  return def;
}

double ResidentMib() {
  std::ifstream file("/proc/self/statm");
  uint64_t size = 0, resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident) * 4096 / (1024 * 1024);
}

// What the heap holds, without what it keeps for later: a leak shows here first.
double HeapMib() {
  const struct mallinfo2 heap = mallinfo2();
  return static_cast<double>(heap.uordblks + heap.hblkhd) / (1024 * 1024);
}

// Straight lines through points: slope an hour, and its standard error.
struct Line {
  double slope_an_hour = 0, error = 0;
};
Line Fit(const std::vector<double>& hours, const std::vector<double>& values) {
  const double n = static_cast<double>(hours.size());
  double x = 0, y = 0, xx = 0, xy = 0;
  for (size_t i = 0; i < hours.size(); ++i) {
    x += hours[i] / n;
    y += values[i] / n;
  }
  for (size_t i = 0; i < hours.size(); ++i) {
    xx += (hours[i] - x) * (hours[i] - x);
    xy += (hours[i] - x) * (values[i] - y);
  }
  const double slope = xy / xx;
  double off = 0;
  for (size_t i = 0; i < hours.size(); ++i) {
    const double error = values[i] - y - slope * (hours[i] - x);
    off += error * error;
  }
  return {slope, std::sqrt(off / (n - 2) / xx)};
}

// Runs for so long, and changes all settings once a second where `retuned`. Returns the steps done.
uint64_t Run(const GraphDef& def, double seconds, bool retuned) {
  LiveRun run(def, Registry::Global(), nullptr);
  Rng rng({.seed = 9, .purpose = kTesting});
  std::vector<double> hours, mib, heap, rates;
  const uint64_t begin_ns = NowNs();
  Snapshot last = run.graph().snapshot();
  uint64_t changes = 0;
  while (run.Pause(1)) {
    const double elapsed = static_cast<double>(NowNs() - begin_ns) * 1e-9;
    if (elapsed >= seconds) break;
    if (retuned) {
      GraphSettings settings = run.graph().settings();
      settings.threads = 1 + static_cast<int>(rng.Below(6));
      for (int& workers : settings.workers) workers = 1 + static_cast<int>(rng.Below(6));
      settings.sample_slots = 1 + static_cast<int>(rng.Below(64));
      settings.batch_slots = 1 + static_cast<int>(rng.Below(6));
      run.graph().Apply(settings);
      ++changes;
    }
    if (elapsed < kSettling || static_cast<uint64_t>(elapsed) % 10 != 0) continue;
    const Snapshot now = run.graph().snapshot();
    hours.push_back(elapsed / 3600);
    mib.push_back(ResidentMib());
    heap.push_back(HeapMib());
    rates.push_back(now.Since(last).images_per_s());
    last = now;
  }
  const uint64_t steps = run.graph().counters().back().messages;
  uint64_t bad = 0;
  for (const NodeCounters& node : run.graph().counters()) bad += node.bad;
  run.Stop();
  if (hours.size() < 3) return steps;
  const Line memory = Fit(hours, mib), speed = Fit(hours, rates);
  std::printf("%s: %.0f s, %llu steps, %llu changes, %llu unreadable images replaced\n",
              retuned ? "with changes" : "without", seconds, static_cast<unsigned long long>(steps),
              static_cast<unsigned long long>(changes), static_cast<unsigned long long>(bad));
  std::printf("  memory   %.1f MiB at %.0f s, %.1f at the end; slope %.2f +- %.2f MiB an hour\n",
              mib.front(), hours.front() * 3600, mib.back(), memory.slope_an_hour, memory.error);
  const Line held = Fit(hours, heap);
  std::printf(
      "  heap     %.1f MiB in use at %.0f s, %.1f at the end; slope %.2f +- %.2f MiB an hour\n",
      heap.front(), hours.front() * 3600, heap.back(), held.slope_an_hour, held.error);
  std::printf("  memory   MiB, at each tenth:");
  for (size_t i = 0; i < 10; ++i) std::printf(" %.0f", mib[i * (mib.size() - 1) / 9]);
  std::printf("\n");
  std::printf(
      "  speed    %.1f images/s in the first tenth, %.1f in the last; slope %.1f +- %.1f an hour\n",
      rates.front(), rates.back(), speed.slope_an_hour, speed.error);
  std::fflush(stdout);
  return steps;
}

std::vector<std::string> LossesOf(const std::string& run) {
  std::vector<std::string> losses;
  std::ifstream file(run + "/metrics.jsonl");
  for (std::string line; std::getline(file, line);) {
    const size_t at = line.find("\"loss\":");
    if (line.find("\"step\":") == std::string::npos || at == std::string::npos) continue;
    losses.push_back(line.substr(at, line.find(',', at) - at));
  }
  return losses;
}

int Soak(double seconds, const std::string& folder, bool loader) {
  SetLogLevel(LogLevel::kError);
  MakeImages(folder + "/images");
  const GraphDef still = SoakGraph(folder + "/images", folder + "/reference", loader);
  const GraphDef changing = SoakGraph(folder + "/images", folder + "/changed", loader);
  Run(still, seconds / 6, false);
  Run(changing, seconds, true);
  if (loader) return 0;
  const std::vector<std::string> reference = LossesOf(folder + "/reference");
  const std::vector<std::string> changed = LossesOf(folder + "/changed");
  size_t same = 0;
  while (same < std::min(reference.size(), changed.size()) && reference[same] == changed[same])
    ++same;
  const size_t compared = std::min(reference.size(), changed.size());
  std::printf("losses   %zu of %zu steps that both did are the same\n", same, compared);
  return same == compared && compared > 0 ? 0 : 1;
}

}  // namespace
}  // namespace flowtrain

int main(int argc, char** argv) {
  const bool loader = argc == 4 && std::string(argv[3]) == "loader";
  if (argc != 3 && !loader) {
    std::fprintf(stderr, "usage: soak SECONDS FOLDER [loader]\n");
    return 2;
  }
  return flowtrain::Soak(std::stod(argv[1]), argv[2], loader);
}
