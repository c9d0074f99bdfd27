#include "nodes/train/weights/checkpoint_folder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "pipeline/base/files/new_file.h"
#include "pipeline/base/log.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr char kFolder[] = "checkpoints", kAbandoned[] = "abandoned", kBest[] = "best.json";
constexpr char kStart[] = "step-", kEnd[] = ".safetensors";

// The number of steps in a checkpoint's name; empty for another file.
std::optional<uint64_t> StepsIn(const fs::path& path) {
  const std::string name = path.filename().string();
  const size_t start = sizeof(kStart) - 1, end = sizeof(kEnd) - 1;
  if (name.rfind(kStart, 0) != 0 || name.size() <= start + end) return {};
  if (name.compare(name.size() - end, end, kEnd) != 0) return {};
  uint64_t steps = 0;
  const char* last = name.data() + name.size() - end;
  const auto [stop, error] = std::from_chars(name.data() + start, last, steps);
  if (error != std::errc() || stop != last) return {};
  return steps;
}

struct Found {
  uint64_t steps_done;
  std::string path;
};

// Newest first.
std::vector<Found> Scan(const fs::path& folder) {
  std::vector<Found> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const std::optional<uint64_t> steps = StepsIn(entry.path());
    if (steps && entry.is_regular_file(ignored)) found.push_back({*steps, entry.path().string()});
  }
  std::sort(found.begin(), found.end(),
            [](const Found& a, const Found& b) { return a.steps_done > b.steps_done; });
  return found;
}

bool IsHalfWritten(const fs::path& path) {
  return path.filename().string().find(".part-") != std::string::npos;
}

bool IsBetter(const EpochFigures& figures, const EpochFigures& best) {
  if (figures.knn_top1 && best.knn_top1) return *figures.knn_top1 > *best.knn_top1;
  if (figures.knn_top1 || best.knn_top1) return figures.knn_top1.has_value();
  return figures.loss < best.loss;
}

}  // namespace

std::string CheckpointName(uint64_t steps_done) {
  std::array<char, 48> name{};
  std::snprintf(name.data(), name.size(), "%s%08llu%s", kStart,
                static_cast<unsigned long long>(steps_done), kEnd);
  return name.data();
}

std::vector<std::string> ListCheckpoints(const std::string& folder) {
  std::vector<Found> found = Scan(fs::path(folder) / kFolder);
  if (found.empty()) found = Scan(folder);
  std::vector<std::string> paths;
  paths.reserve(found.size());
  for (Found& one : found) paths.push_back(std::move(one.path));
  return paths;
}

CheckpointFolder::CheckpointFolder(const std::string& run_dir, int keep, bool keep_best)
    : folder_((fs::path(run_dir) / kFolder).string()),
      keep_(static_cast<size_t>(keep)),
      keep_best_(keep_best) {}

void CheckpointFolder::Open(uint64_t steps_done) {
  fs::create_directories(folder_);
  for (const auto& entry : fs::directory_iterator(folder_)) {
    std::error_code ignored;
    if (IsHalfWritten(entry.path())) fs::remove(entry.path(), ignored);
  }
  steps_.clear();
  for (const Found& found : Scan(folder_)) {
    if (found.steps_done > steps_done) {
      SetAside(found.path);
    } else {
      steps_.push_front(found.steps_done);
    }
  }
  best_ = keep_best_ ? ReadBest() : std::nullopt;
  std::error_code ignored;
  if (!best_) fs::remove(fs::path(folder_) / kBest, ignored);
}

void CheckpointFolder::SetAside(const std::string& path) const {
  const fs::path aside = fs::path(folder_) / kAbandoned;
  fs::create_directories(aside);
  const fs::path from(path);
  fs::path to = aside / from.filename();
  for (int n = 2; fs::exists(to); ++n) {
    to = aside / (from.stem().string() + '-' + std::to_string(n) + from.extension().string());
  }
  fs::rename(from, to);
  LogWarning("the run goes on from an earlier step than " + path + ", which is now " + to.string() +
             "; remove it if it is of no use");
}

std::string CheckpointFolder::PathOf(uint64_t steps_done) const {
  return (fs::path(folder_) / CheckpointName(steps_done)).string();
}

void CheckpointFolder::Add(uint64_t steps_done, bool finite) {
  std::error_code ignored;
  if (not_finite_ && *not_finite_ != steps_done) fs::remove(PathOf(*not_finite_), ignored);
  not_finite_.reset();
  if (!finite) {
    not_finite_ = steps_done;
    return;
  }
  // The checkpoint that the run goes on from is written again only if no step was done.
  if (steps_.empty() || steps_.back() != steps_done) steps_.push_back(steps_done);
  RemoveOld();
}

void CheckpointFolder::Judge(uint64_t steps_done, const EpochFigures& figures) {
  if (!keep_best_ || (!figures.knn_top1 && !std::isfinite(figures.loss))) return;
  if (best_ && !IsBetter(figures, best_->figures)) return;
  if (std::find(steps_.begin(), steps_.end(), steps_done) == steps_.end()) return;
  const std::optional<Best> before = best_;
  best_ = Best{steps_done, figures};
  WriteBest();
  if (!before) return;
  const bool among_newest =
      std::find(steps_.begin(), steps_.end(), before->steps_done) != steps_.end();
  std::error_code ignored;
  if (!among_newest) fs::remove(PathOf(before->steps_done), ignored);
}

void CheckpointFolder::RemoveOld() {
  while (steps_.size() > keep_) {
    std::error_code ignored;
    const bool stays = best_ && best_->steps_done == steps_.front();
    if (!stays) fs::remove(PathOf(steps_.front()), ignored);
    steps_.pop_front();
  }
}

std::optional<CheckpointFolder::Best> CheckpointFolder::ReadBest() const {
  std::ifstream in(fs::path(folder_) / kBest);
  const nlohmann::json json = nlohmann::json::parse(in, nullptr, false);
  if (!json.is_object()) return {};
  const nlohmann::json name = json.value("checkpoint", nlohmann::json());
  const nlohmann::json loss = json.value("loss", nlohmann::json());
  const nlohmann::json knn = json.value("knn_top1", nlohmann::json());
  if (!name.is_string()) return {};
  const std::optional<uint64_t> steps = StepsIn(name.get<std::string>());
  if (!steps || !fs::exists(PathOf(*steps))) return {};
  Best best{*steps, {}};
  best.figures.loss = loss.is_number() ? loss.get<double>() : HUGE_VAL;  // any is better
  if (knn.is_number()) best.figures.knn_top1 = knn.get<double>();
  return best;
}

void CheckpointFolder::WriteBest() const {
  nlohmann::ordered_json json;
  json["checkpoint"] = CheckpointName(best_->steps_done);
  const double loss = best_->figures.loss;
  json["loss"] = std::isfinite(loss) ? nlohmann::ordered_json(loss) : nullptr;
  if (best_->figures.knn_top1) json["knn_top1"] = *best_->figures.knn_top1;
  WriteNewFile((fs::path(folder_) / kBest).string(), json.dump(2) + '\n');
}

}  // namespace flowtrain
