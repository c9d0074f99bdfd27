#include "nodes/train/forward_backward.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <filesystem>
#include <utility>

#include "nodes/data/dataset.h"
#include "nodes/device/autocast.h"
#include "nodes/device/out_of_memory.h"
#include "nodes/device/staged_batch.h"
#include "nodes/run/run_dir.h"
#include "nodes/source/epoch_plan.h"
#include "nodes/source/window_size.h"
#include "nodes/train/fastest_micro_batch.h"
#include "nodes/train/optimizer/train_payload.h"
#include "pipeline/base/clock.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {
namespace {

constexpr char kReportFile[] = "nonfinite.json";

}  // namespace

void ForwardBackward::Declare(NodeSpec& spec) {
  spec.Doc(
          "The forward and backward passes of a window: both views in one forward, the loss in "
          "fp32, mixed precision by autocast, micro-batches that fit the device.")
      .Input("batches", Stream::kBatch)
      .Output("windows", Stream::kStep)
      .Uses("device", "Device")
      .Uses("model", "SimclrModel")
      .Uses("optimizer", "Optimizer")
      .MayUse("dataset", "ImageDataset")
      .MayUse("run_dir", "RunDir")
      .MayUse("ranks", "RankGroup")
      .Options(&ForwardBackward::loss_)
      .Option(&ForwardBackward::accumulation_, "accumulation", Accumulation::kExact,
              "exact: the loss of the whole window, whatever its micro-batches; independent: the "
              "mean of the micro-batches' losses.",
              Choices<Accumulation>{
                  {{"exact", Accumulation::kExact}, {"independent", Accumulation::kIndependent}}})
      .Option(&ForwardBackward::gradient_accumulation_, "gradient_accumulation", std::string("1"),
              "auto: the fastest micro-batch that fits the device is found at the start; else a "
              "batch of the loader is one.")
      .Option(&ForwardBackward::effective_batch_, "effective_batch", int64_t{0},
              "Images a window, for auto.", AtLeast{0})
      .Option(&ForwardBackward::max_nonfinite_steps_, "max_nonfinite_steps", int64_t{20},
              "Steps in a row without finite gradients before the run ends; 0: it never does.",
              AtLeast{0})
      .Option(
          &ForwardBackward::representations_every_, "representations_every", int64_t{100},
          "Steps from one measurement of the representations (RankMe, alignment, uniformity) to "
          "the next; 0: never.",
          AtLeast{0});
}

void ForwardBackward::Open(const OpenContext& context) {
  context_ = &context;
  device_ = &context.Get<Device>("device");
  model_ = &context.Get<SimclrModel>("model");
  optimizer_ = &context.Get<Optimizer>("optimizer");
  dataset_ = context.TryGet<ImageDataset>("dataset");
  run_dir_ = context.TryGet<RunDir>("run_dir");
  ranks_ = context.TryGet<RankGroup>("ranks");
  layout_ = context.layout();
  if (layout_.rows < 2) {
    throw ConfigError("the loss compares images (negatives, or statistics of the batch): " +
                      context.NameInStage("batch_size") + " must be at least 2");
  }
  WindowGradient::Network network;
  network.represent = [this](const at::Tensor& images) { return Represent(images); };
  network.parameters = model_->module().parameters();
  network.loss = MakeLoss(loss_);
  network.scale = [this](const at::Tensor& loss) { return optimizer_->ScaleLoss(loss); };
  network.has_room = [this] { return HasRoomForGraph(); };
  uint64_t gradient_bytes = 0;
  for (const at::Tensor& each : network.parameters) gradient_bytes += each.nbytes();
  together_ = nullptr;
  if (ranks_ != nullptr && ranks_->together()) {
    together_ =
        std::make_unique<WindowOverRanks>(*ranks_, *model_, device_->device(), layout_.rows);
  }
  gradient_ = std::make_unique<WindowGradient>(accumulation_, std::move(network),
                                               model_->running_statistics(),
                                               together_ ? together_->MakePeers() : nullptr);
  const bool shows = ranks_ == nullptr || ranks_->leads();
  representations_ = RepresentationSample(shows ? representations_every_ : 0);
  watch_ = std::make_unique<NonFiniteWatch>(max_nonfinite_steps_);
  const bool found_at_start =
      gradient_accumulation_ == kAutoAccumulation && device_->is_accelerator();
  if (found_at_start && together_) {
    throw ConfigError(context.NameOf("gradient_accumulation") +
                      " is auto, for which a GPU tries micro-batches at the start; several ranks "
                      "cannot do that: set it to a number of batches");
  }
  micro_batches_ = std::make_unique<MicroBatches>(*device_, accumulation_, gradient_bytes,
                                                  found_at_start ? 0 : layout_.rows);
}

ForwardBackward::Passes ForwardBackward::PlanPasses(int64_t window_images) {
  return micro_batches_->Plan(window_images, [this] {
    const RunningStatistics::Pause pause(model_->running_statistics());
    return Represent(BlackImages(micro_batch()).flatten(0, 1));
  });
}

bool ForwardBackward::HasRoomForGraph() {
  // What batch-norms send needs the same passes on all ranks, so it stays as it was agreed.
  if (together_ && together_->norms_together()) return micro_batches_->keeps_graphs();
  return micro_batches_->HasRoomForGraph();
}

std::unique_ptr<Payload> ForwardBackward::NewPayload() { return std::make_unique<TrainPayload>(); }

void ForwardBackward::Start() {
  model_->SetTraining(true);
  model_->running_statistics().Save();  // takes its memory while there is some
  if (gradient_accumulation_ != kAutoAccumulation) return;
  const int64_t own_images = OwnImages(effective_batch_);
  if (device_->is_accelerator()) {
    micro_batches_->SetSize(
        FastestMicroBatch(own_images, micro_batches_->Least(),
                          [&](int64_t size) { return WindowNs(size, own_images); }));
  }
  const int passes = PlanPasses(own_images).count;
  LogInfo(context_->NameOf("gradient_accumulation") + " is auto: micro-batches of " +
          std::to_string(micro_batch()) + " images" +
          (device_->is_accelerator() ? "" : ", the loader's batches: a CPU sets no bound") +
          (passes == 0   ? ""
           : passes == 1 ? "; in one pass"
                         : "; in two passes"));
  if (!device_->is_accelerator() || Negatives(effective_batch_)) return;
  LogInfo("an anchor has the negatives of its micro-batch, " +
          ShowCount(static_cast<uint64_t>(2 * micro_batch() - 2)));
}

template <typename Call>
void ForwardBackward::WithRoom(Call call) {
  while (true) {
    try {
      return call();
    } catch (const std::exception& error) {
      if (!micro_batches_->IsLackOfRoom(error)) throw;
      // Room is made outside the handler: the exception still holds memory here.
    }
    MakeRoom();
  }
}

void ForwardBackward::Process(Batch& batch, Step& step) {
  std::string lost;
  try {
    return ProcessOwn(batch, step);
  } catch (const RankLost& error) {
    lost = error.what();
  }
  DropWindow();
  throw EndRun(lost);
}

void ForwardBackward::ProcessOwn(Batch& batch, Step& step) {
  auto& payload = static_cast<TrainPayload&>(*step.payload);
  if (batch.in_window == 0) BeginWindow(batch, step);
  if (!batch.spare) {
    ids_.insert(ids_.end(), batch.ids.begin(), batch.ids.end());
    gradient_->Add(Take(batch));
    WithRoom([&] { gradient_->Advance(); });
  }
  const bool complete = batch.in_window + 1 == batch.window;
  if (complete) WithRoom([&] { payload.loss = gradient_->Finish(); });
  ReleaseBuffer(batch);
  if (!complete) return;
  payload.record->representations = representations_.Finish();
  payload.whole_window = WholeWindow(batch) * layout_.rows;
  bool too_many_nonfinite = watch_->TooMany();
  if (together_) EndWindowTogether(payload, &too_many_nonfinite);
  if (too_many_nonfinite) EndWhereNotFinite(batch, payload.loss);
  watch_->Add(payload.record);
  lead_.EndWindow(device_->device());
}

int ForwardBackward::WholeWindow(const Batch& batch) const {
  const int window = std::max(batch.window, batch.window_over_all);
  if (dataset_ == nullptr) return window;
  const bool last_of_epoch = (batch.step + 1) % batch.steps_per_epoch == 0;
  return flowtrain::WholeWindow(window, last_of_epoch, batch.steps_per_epoch,
                                dataset_->size() / static_cast<uint64_t>(layout_.rows));
}

std::optional<int64_t> ForwardBackward::Negatives(int64_t window_images) const {
  if (loss_.name != LossName::kNtXent && loss_.name != LossName::kDcl) return 0;
  if (accumulation_ == Accumulation::kExact) return 2 * window_images - 2;
  if (gradient_accumulation_ == kAutoAccumulation && device_->is_accelerator()) return std::nullopt;
  return 2 * std::min<int64_t>(layout_.rows, window_images) - 2;
}

void ForwardBackward::Close() noexcept { lead_.Clear(); }

void ForwardBackward::BeginWindow(const Batch& batch, Step& step) {
  auto& payload = static_cast<TrainPayload&>(*step.payload);
  lead_.BeginWindow();
  payload.record = std::make_shared<StepRecord>();
  payload.loss = at::Tensor();
  ids_.clear();
  payload.last_window = false;
  window_images_ = batch.spare ? 0 : int64_t{batch.window} * batch.layout.rows;
  window_over_all_ = std::max(batch.window, batch.window_over_all);
  step.images = window_over_all_ * batch.layout.rows;
  optimizer_->ZeroGrad();
  model_->running_statistics().Save();
  if (!micro_batches_->IsPlannedFor(window_images_)) PlanPasses(window_images_);
  gradient_->Begin(window_images_, micro_batch());
  if (together_) {
    bool keeps_graphs = micro_batches_->keeps_graphs();
    together_->Begin(window_over_all_, *gradient_, &keeps_graphs);
    micro_batches_->KeepGraphs(keeps_graphs);
  }
  const bool whole = window_over_all_ >= WholeWindow(batch);
  representations_.Begin({.step = batch.step, .images = window_images_, .whole = whole});
  if (run_dir_ != nullptr && run_dir_->tensorboard() && (ranks_ == nullptr || ranks_->leads())) {
    payload.record->view_pairs = views_.Of(batch);
  }
}

// [2, B, H, W, 3], owned by the window.
at::Tensor ForwardBackward::Take(Batch& batch) {
  at::Tensor images;
  WithRoom([&] { images = TakeImages(batch, device_->device()); });
  // On a CPU they are the batch's buffer, which goes home before the window is complete.
  if (!device_->is_accelerator() && batch.window > 1) WithRoom([&] { images = images.clone(); });
  return images.view({2, images.size(0) / 2, images.size(1), images.size(2), images.size(3)});
}

at::Tensor ForwardBackward::Represent(const at::Tensor& images) {
  const Autocast autocast(device_->device().type(), device_->compute_type());
  const at::Tensor features = model_->Encode(normalise_(images));
  const at::Tensor projections = model_->Project(features);
  representations_.Add(features, projections);
  return projections;
}

// The time of a window once algorithms are chosen; empty if it does not fit.
std::optional<uint64_t> ForwardBackward::WindowNs(int64_t micro_batch, int64_t window_images) {
  if (!Fits(micro_batch, window_images)) return std::nullopt;
  const uint64_t begin_ns = NowNs();
  if (!Fits(micro_batch, window_images)) return std::nullopt;
  return NowNs() - begin_ns;
}

// [2, N, H, W, 3], as the loader's batches.
at::Tensor ForwardBackward::BlackImages(int64_t images) const {
  const auto side = std::lround(std::sqrt(static_cast<double>(layout_.view_bytes) / 3));
  return at::zeros({2, images, side, side, 3},
                   at::TensorOptions().dtype(at::kByte).device(device_->device()));
}

bool ForwardBackward::Fits(int64_t micro_batch, int64_t window_images) {
  bool fits = true;
  gradient_->Begin(window_images, micro_batch);
  try {
    gradient_->Add(BlackImages(window_images));
    gradient_->Finish();
    device_->Synchronize();
  } catch (const std::exception& error) {
    if (!IsOutOfMemory(error)) throw;
    fits = false;
  }
  DropWindow();
  return fits;
}

int64_t ForwardBackward::OwnImages(int64_t window_images) const {
  return together_ ? together_->OwnImages(window_images) : window_images;
}

void ForwardBackward::EndWindowTogether(TrainPayload& payload, bool* too_many_nonfinite) {
  WindowOverRanks::End end{payload.loss, context_->run().stop_wanted(), *too_many_nonfinite};
  together_->Finish(micro_batch(), &end);
  payload.last_window = end.stop;
  *too_many_nonfinite = end.too_many_nonfinite;
  const CollectiveCost cost = ranks_->TakeCost();
  payload.record->collective_wait_ms = static_cast<double>(cost.wait_ns) / 1e6;
  payload.record->collective_bytes = cost.bytes;
  // In the exact mode every rank has computed the loss of all.
  if (accumulation_ == Accumulation::kIndependent) payload.loss = end.loss;
}

void ForwardBackward::EndForLackOfMemory() {
  DropWindow();
  throw EndRun(
      "out of memory on this rank, in a window that others have begun with: start the run again "
      "with a lower " +
      context_->NameInStage("batch_size") + " and a higher " +
      context_->NameOf("gradient_accumulation") + " or with more ranks");
}

void ForwardBackward::MakeRoom() {
  // The others have counted on this window, or on these micro-batches.
  if (together_ && (gradient_->is_shared_out() || !micro_batches_->keeps_graphs() ||
                    together_->norms_together())) {
    EndForLackOfMemory();
  }
  const std::string told = micro_batches_->TakeLess(window_images_, *context_);
  if (told.empty()) {
    DropWindow();
    throw EndRun("the device has too little memory for micro-batches of " +
                 std::to_string(std::min(micro_batch(), window_images_)) + " images: lower " +
                 context_->NameInStage("image_size") + ", take a smaller network with " +
                 context_->NameOf("model", "backbone") + ", or raise " +
                 context_->NameOf("device", "memory_limit") + " where it sets a limit");
  }
  UndoWindow();
  LogWarning(told);
}

// Restores the state before anything of the window was computed; its images stay.
void ForwardBackward::UndoWindow() {
  optimizer_->ZeroGrad();
  model_->running_statistics().Restore();
  gradient_->Forget(micro_batch());
  representations_.Restart();
  device_->EmptyCache();
}

// Restores the state before the window began.
void ForwardBackward::DropWindow() {
  if (together_) together_->Drop();
  gradient_->Begin(0, micro_batch());
  UndoWindow();
}

void ForwardBackward::EndWhereNotFinite(const Batch& batch, const at::Tensor& loss) {
  const NonFiniteReport report = Examine(batch, loss);
  if (report.layer.empty() && report.gradient.empty() && std::isfinite(report.loss)) {
    watch_->Reset();  // the series of skipped steps ends here
    return;
  }
  std::string where = "";
  if (run_dir_ != nullptr && !run_dir_->path().empty()) {
    const std::string path = (std::filesystem::path(run_dir_->path()) / kReportFile).string();
    WriteNonFiniteReport(report, path);
    where = " " + path + " names the samples, their seed and the loss scale.";
  }
  DropWindow();
  throw EndRun(std::to_string(watch_->in_a_row()) +
               " steps in a row had no finite gradients and were skipped; " +
               WhereNotFinite(report) + '.' + where + " Try a lower " +
               context_->NameOf("optimizer", "learning_rate") + ", or " +
               context_->NameOf("device", "mixed_precision") +
               " set to false, from a checkpoint before the trouble began");
}

NonFiniteReport ForwardBackward::Examine(const Batch& batch, const at::Tensor& loss) {
  NonFiniteReport report;
  report.step = batch.step;
  report.epoch = batch.epoch;
  report.seed = batch.seed;
  report.steps_in_a_row = watch_->in_a_row();
  report.loss = loss.item<double>();
  report.loss_scale = optimizer_->loss_scale();
  for (const uint64_t id : ids_) {
    report.samples.push_back({id, dataset_ == nullptr ? "" : dataset_->ImageName(id)});
  }
  const Autocast autocast(device_->device().type(), device_->compute_type());
  for (const at::Tensor& images : gradient_->images()) {
    if (!report.layer.empty()) break;
    report.layer = model_->FirstNonFiniteLayer(normalise_(images.flatten(0, 1)));
  }
  report.gradient = model_->FirstNonFiniteGradient();
  return report;
}

FLOWTRAIN_REGISTER(ForwardBackward);

}  // namespace flowtrain
