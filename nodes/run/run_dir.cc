#include "nodes/run/run_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "nodes/distributed/launch/ranks.h"
#include "nodes/run/last_epoch.h"
#include "nodes/run/rewind_metrics.h"
#include "nodes/run/write_file.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/node/form.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

// A name is one part of a path, so that a configuration cannot send a run elsewhere.
std::string CheckName(const std::string& name) {
  if (!name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos)
    return {};
  return '\'' + name + "' cannot name a folder: choose a name without '/' (run.dir is where runs " +
         "are kept)";
}

// Splits off the lines of comments that text in YAML begins with.
std::string TakeHeader(std::string& yaml) {
  size_t end = 0;
  while (end < yaml.size() && yaml[end] == '#') {
    end = std::min(yaml.find('\n', end), yaml.size() - 1) + 1;
  }
  std::string header = yaml.substr(0, end);
  yaml.erase(0, end);
  return header;
}

constexpr char kBadImages[] = "bad_images.csv";
constexpr std::array kOwnFiles = {"config.yaml", "log.txt", "metrics.jsonl", "state.json",
                                  kBadImages};

// Whether a folder holds a run that ended before its first step, and nothing else. metrics.jsonl is
// there from a run's beginning on.
bool HoldsNoStep(const fs::path& folder) {
  std::error_code error;
  if (fs::file_size(folder / "metrics.jsonl", error) != 0 || error) return false;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename();
    const bool own = std::find(kOwnFiles.begin(), kOwnFiles.end(), name) != kOwnFiles.end();
    const bool empty =
        name == "checkpoints" && entry->is_directory(error) && fs::is_empty(entry->path(), error);
    if (error || (!own && !empty)) return false;
  }
  return !error;
}

[[noreturn]] void CannotMake(const std::string& path, const std::error_code& error) {
  throw std::runtime_error("cannot make the run directory " + path + ": " + error.message() +
                           "; name another with --run-dir");
}

void CheckContents(const std::string& path, bool go_on) {
  std::error_code error;
  const bool empty = fs::is_empty(path, error);
  if (error) throw std::runtime_error("cannot read " + path + ": " + error.message());
  if (empty || HoldsNoStep(path)) return;
  if (!go_on) {
    throw ConfigError("the run directory " + path +
                      " is not empty; name a new one with --run-dir, or go on with the run in it "
                      "with --resume");
  }
  if (!fs::exists(path + "/config.yaml", error)) {
    throw ConfigError(path + " holds files, but no run; name another folder with --run-dir");
  }
}

// The folder goes only if it is empty then.
void RemoveRun(const fs::path& folder) {
  std::error_code ignored;
  for (const char* file : kOwnFiles) fs::remove(folder / file, ignored);
  fs::remove(folder / "checkpoints", ignored);
  fs::remove(folder, ignored);
}

// `flowtrain runs` holds the lock for a moment while it looks whether a run has it.
bool IsTaken(int folder) {
  constexpr int kLooks = 20;
  constexpr useconds_t kPauseUs = 5'000;
  for (int look = 0; look < kLooks; ++look) {
    if (look > 0) ::usleep(kPauseUs);
    if (::flock(folder, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return false;
  }
  return true;
}

std::string DateAndTime() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[32];
  std::strftime(text, sizeof(text), "%Y%m%d-%H%M%S", &local);
  return text;
}

}  // namespace

void RunDir::Declare(NodeSpec& spec) {
  spec.Doc("The folder a run writes to: resolved configuration, log, metrics and checkpoints.")
      .MayUse("ranks", "RankGroup")
      .Option(&RunDir::root_, "root", "runs", "Folder in which the folders of runs are made.")
      .Option(&RunDir::name_, "name", "run",
              "What the folder's name begins with; the date follows.",
              Form{CheckName, "a name without '/'"})
      .Option(&RunDir::named_path_, "path", "",
              "The folder itself, new or empty, in place of one named after the date.")
      .Option(&RunDir::go_on_, "go_on", false,
              "Continue the run in `path`, after its first `start_step` steps.")
      .Option(&RunDir::start_step_, "start_step", 0, "Optimiser steps already done.", AtLeast{0})
      .Option(&RunDir::tensorboard_, "tensorboard", true,
              "Whether to write an event file for TensorBoard: the metrics, pairs of views, the "
              "configuration.");
}

void RunDir::Open(const OpenContext& context) {
  const auto* ranks = context.TryGet<Ranks>("ranks");
  has_folder_ = ranks == nullptr || ranks->leads();
  if (!has_folder_) {
    bad_images_.emplace("");
    return;
  }
  if (named_path_.empty()) {
    MakeDated();
  } else {
    MakeNamed();
  }
  Lock();
  header_ = TakeHeader(resolved_config_);
  bad_images_.emplace(path_ + '/' + kBadImages);
  if (!go_on_ || !begins_later_) Begin();
}

void RunDir::Begin() {
  if (metrics_ || !has_folder_) return;
  WriteFile(path_ + "/config.yaml", header_ + resolved_config_);
  if (go_on_) TakeUp(path_ + "/metrics.jsonl");
  metrics_.emplace(MetricsFiles::Options{.folder = path_,
                                         .start_step = start_step(),
                                         .tensorboard = tensorboard_,
                                         .configuration = header_ + resolved_config_});
  SetLogFile(path_ + "/log.txt");
}

// The last epoch may not have been judged yet when the run was stopped.
void RunDir::TakeUp(const std::string& metrics) {
  RewindMetrics(metrics, start_step());
  const std::optional<LastEpoch> last = ReadLastEpoch(metrics);
  if (last) NoteEpoch(last->steps_done, {last->loss, last->knn_top1});
}

void RunDir::MakeNamed() {
  std::error_code error;
  path_ = named_path_;
  fs::create_directories(path_, error);
  if (error) CannotMake(path_, error);
  CheckContents(path_, go_on_);
  if (!go_on_) fs::remove(fs::path(path_) / kBadImages, error);
}

void RunDir::MakeDated() {
  std::error_code error;
  fs::create_directories(root_, error);
  const std::string base = (fs::path(root_) / (name_ + '-' + DateAndTime())).string();
  path_ = base;
  // create_directory says whether it made the folder: two runs of one second get two folders.
  for (int n = 2; !error && !fs::create_directory(path_, error); ++n) {
    path_ = base + '-' + std::to_string(n);
  }
  if (error) CannotMake(path_, error);
}

void RunDir::Lock() {
  folder_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_ < 0) throw std::runtime_error("cannot open " + path_ + ": " + std::strerror(errno));
  // Some file systems have no locks (a Windows drive under WSL2); there the run goes without.
  if (IsTaken(folder_)) {
    throw ConfigError("another run is writing to " + path_ +
                      "; wait for its end, or name another folder with --run-dir");
  }
}

void RunDir::AppendMetrics(const std::string& json_line) {
  if (!has_folder_) return;
  std::lock_guard<std::mutex> lock(mutex_);
  metrics_->Append(json_line);
}

void RunDir::AppendPicture(std::string_view tag, std::span<const uint8_t> png, int height,
                           int width) {
  if (!has_folder_) return;
  std::lock_guard<std::mutex> lock(mutex_);
  metrics_->AppendPicture(tag, png, height, width);
}

void RunDir::NoteEpoch(uint64_t steps_done, const EpochFigures& figures) {
  const std::lock_guard<std::mutex> lock(mutex_);
  epoch_end_ = steps_done;
  epoch_ = figures;
}

std::optional<EpochFigures> RunDir::FiguresOf(uint64_t steps_done) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return epoch_end_ == steps_done ? epoch_ : std::nullopt;
}

void RunDir::NoteDivergence(std::string what) {
  const std::lock_guard<std::mutex> lock(mutex_);
  divergence_ = std::move(what);
}

std::string RunDir::divergence() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return divergence_;
}

void CheckRunFolder(const std::string& path, bool go_on) {
  std::error_code error;
  fs::path there = fs::absolute(path);  // the folder, or the nearest one above it that is there
  while (!fs::exists(fs::symlink_status(there, error)) && there.has_relative_path()) {
    there = there.parent_path();
  }
  if (!fs::is_directory(there, error)) {
    CannotMake(path, std::make_error_code(std::errc::not_a_directory));
  }
  if (::access(there.c_str(), W_OK | X_OK) != 0) CannotMake(path, {errno, std::generic_category()});
  if (fs::exists(path, error)) CheckContents(path, go_on);
}

RunDir::~RunDir() {
  if (metrics_) {
    // Not in the way of the command that does better. A list of bad images may be why it failed.
    const bool in_vain = !go_on_ && HoldsNoStep(path_) && !fs::exists(fs::path(path_) / kBadImages);
    if (in_vain) LogInfo("the run made no step: its folder " + path_ + " is removed");
    SetLogFile("");
    metrics_.reset();
    if (in_vain) RemoveRun(path_);
  }
  if (folder_ >= 0) ::close(folder_);
}

FLOWTRAIN_REGISTER(RunDir);

}  // namespace flowtrain
