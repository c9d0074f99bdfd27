// Trains for long with everything going on at once: settings changed every second, one image in a
// hundred unreadable. Then tells how memory and speed went, and whether it trained the same as a
// run without any changes. A program of its own, run by hand:
//   soak SECONDS FOLDER [loader]      FOLDER is made; it holds the images and the runs.
//                                     loader: without the training
// A training's memory comes and goes with each window. What stays shows in the least that the heap
// held in each ten seconds; the most that was resident shows what the system gave.
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "nodes/data/draw_picture.h"
#include "nodes/decode/encode_png.h"
#include "nodes/run/run_dir.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/log.h"
#include "pipeline/base/philox.h"
#include "pipeline/node/registry.h"
#include "tests/support/files.h"
#include "tools/load/load.h"
#include "tools/measure/live_run.h"
#include "tools/measure/partial_graph.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr int kImages = 1000, kSide = 40;
// Seconds before memory is looked at: pools and caches fill, and the first checkpoint takes the
// memory for its copy.
constexpr double kSettling = 60;
constexpr double kPeriod = 10;  // seconds of one point of the figures
constexpr int kLooks = 20;      // at the memory, a second

void MakeImages(const fs::path& folder) {
  fs::create_directories(folder);
  std::vector<uint8_t> rgb(size_t{3} * kSide * kSide);
  for (int i = 0; i < kImages; ++i) {
    DrawPicture(1, static_cast<uint64_t>(i), i % kPictureClassCount, kSide, rgb);
    std::vector<uint8_t> file = EncodePng(rgb, kSide, kSide);
    if (i % 100 == 7) file.resize(file.size() / 2);
    WriteBytes(folder / (std::to_string(i) + ".png"), file);
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
                  "run.checkpoint_every_steps=5",
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

// What was seen, a value for each period.
struct Seen {
  std::vector<double> hours, most_resident, least_heap, rates;
};

// Watches memory and speed.
class Watch {
 public:
  explicit Watch(const Graph& graph) : graph_(graph), last_(graph.snapshot()) {}

  double Elapsed() const { return static_cast<double>(NowNs() - begin_ns_) * 1e-9; }

  // To be called often.
  void Look() {
    most_resident_ = std::max(most_resident_, ResidentMib());
    least_heap_ = std::min(least_heap_, HeapMib());
    if (Elapsed() < next_) return;
    next_ += kPeriod;
    const Snapshot now = graph_.snapshot();
    if (Elapsed() > kSettling) {
      seen_.hours.push_back(Elapsed() / 3600);
      seen_.most_resident.push_back(most_resident_);
      seen_.least_heap.push_back(least_heap_);
      seen_.rates.push_back(now.Since(last_).images_per_s());
    }
    last_ = now;
    most_resident_ = 0;
    least_heap_ = std::numeric_limits<double>::infinity();
  }
  const Seen& seen() const { return seen_; }

 private:
  const Graph& graph_;
  const uint64_t begin_ns_ = NowNs();
  Snapshot last_;
  Seen seen_;
  double next_ = kSettling, most_resident_ = 0;
  double least_heap_ = std::numeric_limits<double>::infinity();
};

void ChangeAll(Graph& graph, Rng& rng) {
  GraphSettings settings = graph.settings();
  settings.threads = 1 + static_cast<int>(rng.Below(6));
  for (int& workers : settings.workers) workers = 1 + static_cast<int>(rng.Below(6));
  settings.sample_slots = 1 + static_cast<int>(rng.Below(64));
  settings.batch_slots = 1 + static_cast<int>(rng.Below(6));
  graph.Apply(settings);
}

void Tell(const char* what, const char* unit, const Seen& seen, const std::vector<double>& values) {
  const Line line = Fit(seen.hours, values);
  std::printf("  %-15s %6.1f at %.0f s, %6.1f at the end %s; slope %.2f +- %.2f an hour; tenths:",
              what, values.front(), seen.hours.front() * 3600, values.back(), unit,
              line.slope_an_hour, line.error);
  for (size_t i = 0; i < 10; ++i) std::printf(" %.0f", values[i * (values.size() - 1) / 9]);
  std::printf("\n");
}

// Runs for so long, and changes all settings once a second where `retuned`.
void Run(const GraphDef& def, double seconds, bool retuned) {
  LiveRun run(def, Registry::Global(), nullptr);
  Rng rng({.seed = 9, .purpose = kTesting});
  Watch watch(run.graph());
  int looks = 0, changes = 0;
  while (run.Pause(1.0 / kLooks) && watch.Elapsed() < seconds) {
    watch.Look();
    if (!retuned || ++looks % kLooks != 0) continue;
    ChangeAll(run.graph(), rng);
    ++changes;
  }
  const uint64_t steps = run.graph().counters().back().messages;
  uint64_t bad = 0;
  for (const NodeCounters& node : run.graph().counters()) bad += node.bad;
  run.Stop();
  const Seen& seen = watch.seen();
  if (seen.hours.size() < 3) return;
  std::printf("%s: %.0f s, %llu steps, %d changes, %llu unreadable images replaced\n",
              retuned ? "with changes" : "without", seconds, static_cast<unsigned long long>(steps),
              changes, static_cast<unsigned long long>(bad));
  Tell("heap, least", "MiB", seen, seen.least_heap);
  Tell("resident, most", "MiB", seen, seen.most_resident);
  Tell("speed", "images/s", seen, seen.rates);
  std::fflush(stdout);
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
  Run(still, seconds / 12, false);
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
