#include "nodes/train/forward_backward.h"

#include <ATen/DeviceAccelerator.h>
#include <ATen/Functions.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include "nodes/data/dataset.h"
#include "nodes/device/autocast.h"
#include "nodes/device/staged_batch.h"
#include "nodes/run/run_dir.h"
#include "nodes/source/window_size.h"
#include "nodes/train/model/normalise.h"
#include "nodes/train/optimizer/train_payload.h"
#include "pipeline/base/log.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

constexpr char kReportFile[] = "nonfinite.json";

std::string Settings(int64_t micro_batch, int64_t window_images) {
  const int64_t micro_batches = (window_images + micro_batch - 1) / micro_batch;
  return "data.batch_size=" + std::to_string(micro_batch) +
         ", gpu.gradient_accumulation=" + std::to_string(micro_batches);
}

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
      .Option(&ForwardBackward::loss_name_, "loss", std::string("nt_xent"),
              "nt_xent: SimCLR; dcl: decoupled contrastive learning; barlow_twins; vicreg.",
              OneOf{{"nt_xent", "dcl", "barlow_twins", "vicreg"}})
      .Option(&ForwardBackward::temperature_, "temperature", 0.5, "Of nt_xent and dcl.",
              AtLeast{1e-4})
      .Option(&ForwardBackward::barlow_twins_lambda_, "barlow_twins_lambda", 0.005,
              "Weight of barlow_twins' redundancy term.", AtLeast{0})
      .Option(&ForwardBackward::vicreg_invariance_, "vicreg_invariance", 25.0,
              "Weight of vicreg's invariance term.", AtLeast{0})
      .Option(&ForwardBackward::vicreg_variance_, "vicreg_variance", 25.0,
              "Weight of vicreg's variance term.", AtLeast{0})
      .Option(&ForwardBackward::vicreg_covariance_, "vicreg_covariance", 1.0,
              "Weight of vicreg's covariance term.", AtLeast{0})
      .Option(&ForwardBackward::accumulation_, "accumulation", std::string("exact"),
              "exact: the loss of the whole window, whatever its micro-batches; independent: the "
              "mean of the micro-batches' losses.",
              OneOf{{"exact", "independent"}})
      .Option(&ForwardBackward::gradient_accumulation_, "gradient_accumulation", std::string("1"),
              "auto: the largest micro-batch that fits the device is found at the start; else a "
              "batch of the loader is one.")
      .Option(&ForwardBackward::effective_batch_, "effective_batch", int64_t{0},
              "Images a window, for auto.", AtLeast{0})
      .Option(&ForwardBackward::max_nonfinite_steps_, "max_nonfinite_steps", int64_t{20},
              "Steps in a row without finite gradients before the run ends; 0: it never does.",
              AtLeast{0});
}

void ForwardBackward::Open(const OpenContext& context) {
  device_ = &context.Get<Device>("device");
  model_ = &context.Get<SimclrModel>("model");
  optimizer_ = &context.Get<Optimizer>("optimizer");
  dataset_ = context.TryGet<ImageDataset>("dataset");
  run_dir_ = context.TryGet<RunDir>("run_dir");
  layout_ = context.layout();
  if (layout_.rows < 2) {
    throw ConfigError(
        "the loss compares images (negatives, or statistics of the batch): data.batch_size must be "
        "at least 2");
  }
  WindowGradient::Network network;
  network.represent = [this](const at::Tensor& images) { return Represent(images); };
  network.loss = MakeLoss({.name = loss_name_,
                           .temperature = temperature_,
                           .barlow_twins_lambda = barlow_twins_lambda_,
                           .vicreg = {.invariance = vicreg_invariance_,
                                      .variance = vicreg_variance_,
                                      .covariance = vicreg_covariance_}});
  network.scale = [this](const at::Tensor& loss) { return optimizer_->ScaleLoss(loss); };
  gradient_ = std::make_unique<WindowGradient>(
      accumulation_ == "exact" ? Accumulation::kExact : Accumulation::kIndependent,
      std::move(network), model_->running_statistics());
  watch_ = std::make_unique<NonFiniteWatch>(max_nonfinite_steps_);
  micro_batch_ = layout_.rows;
}

std::unique_ptr<Payload> ForwardBackward::NewPayload() { return std::make_unique<TrainPayload>(); }

void ForwardBackward::Start() {
  model_->SetTraining(true);
  model_->running_statistics().Save();  // takes its memory while there is some
  if (gradient_accumulation_ != kAutoAccumulation) return;
  if (device_->is_cuda()) micro_batch_ = FindMicroBatch(effective_batch_);
  LogInfo("gpu.gradient_accumulation=auto: micro-batches of " + std::to_string(micro_batch_) +
          " images" + (device_->is_cuda() ? "" : " (data.batch_size: a CPU sets no bound)"));
}

template <typename Call>
void ForwardBackward::WithRoom(Call call) {
  while (true) {
    try {
      return call();
    } catch (const c10::OutOfMemoryError&) {
      // Room is made outside of the handler: what it holds is not free yet.
    }
    MakeRoom();
  }
}

void ForwardBackward::Process(Batch& batch, Step& step) {
  auto& payload = static_cast<TrainPayload&>(*step.payload);
  if (batch.micro == 0) BeginWindow(batch, step);
  ids_.insert(ids_.end(), batch.ids.begin(), batch.ids.end());
  gradient_->Add(Take(batch));
  WithRoom([&] { gradient_->Advance(); });
  if (batch.micro + 1 < batch.window) return;
  WithRoom([&] { payload.loss = gradient_->Finish(); });
  if (watch_->TooMany()) EndWhereNotFinite(batch, payload.loss);
  watch_->Add(payload.record);
  MarkEndOfWindow();
}

void ForwardBackward::Close() noexcept { window_ends_.clear(); }

void ForwardBackward::BeginWindow(const Batch& batch, Step& step) {
  auto& payload = static_cast<TrainPayload&>(*step.payload);
  WaitForTheWindowBeforeLast();
  payload.record = std::make_shared<StepRecord>();
  payload.loss = at::Tensor();
  ids_.clear();
  window_images_ = int64_t{batch.window} * batch.layout.rows;
  optimizer_->ZeroGrad();
  model_->running_statistics().Save();
  gradient_->Begin(window_images_, micro_batch_);
}

// [2, B, H, W, 3], the window's own.
at::Tensor ForwardBackward::Take(Batch& batch) {
  at::Tensor images;
  WithRoom([&] { images = TakeImages(batch, device_->device()); });
  // A CPU's are the batch's buffer, which goes home before the window is complete.
  if (!device_->is_cuda() && batch.window > 1) WithRoom([&] { images = images.clone(); });
  return images.view({2, images.size(0) / 2, images.size(1), images.size(2), images.size(3)});
}

at::Tensor ForwardBackward::Represent(const at::Tensor& images) {
  const Autocast autocast(device_->device().type(), device_->compute_type());
  return model_->Project(model_->Encode(Normalise(images)));
}

// The host runs ahead of a GPU by two windows at most: enough to keep it busy, and a bound for its
// memory.
void ForwardBackward::WaitForTheWindowBeforeLast() {
  if (window_ends_.size() < 2) return;
  window_ends_.front().synchronize();
  window_ends_.pop_front();
}

void ForwardBackward::MarkEndOfWindow() {
  if (!device_->is_cuda()) return;
  window_ends_.emplace_back(device_->device().type());
  window_ends_.back().record(at::accelerator::getCurrentStream(device_->device().index()));
}

int64_t ForwardBackward::FindMicroBatch(int64_t window_images) {
  int64_t micro_batch = window_images;
  while (!Fits(micro_batch, window_images) && micro_batch > LeastMicroBatch()) {
    micro_batch = (micro_batch + 1) / 2;
  }
  return micro_batch;
}

// Computes a window of black images.
bool ForwardBackward::Fits(int64_t micro_batch, int64_t window_images) {
  const auto side = std::lround(std::sqrt(static_cast<double>(layout_.view_bytes) / 3));
  bool fits = true;
  gradient_->Begin(window_images, micro_batch);
  try {
    gradient_->Add(at::zeros({2, window_images, side, side, 3},
                             at::TensorOptions().dtype(at::kByte).device(device_->device())));
    gradient_->Finish();
    device_->Synchronize();
  } catch (const c10::OutOfMemoryError&) {
    fits = false;
  }
  DropWindow();
  return fits;
}

void ForwardBackward::MakeRoom() {
  const int64_t too_large = std::min(micro_batch_, window_images_);
  if (too_large <= LeastMicroBatch()) {
    DropWindow();
    throw EndRun("the device has too little memory for micro-batches of " +
                 std::to_string(too_large) +
                 " images: lower data.image_size, take a smaller model.backbone, or raise "
                 "gpu.memory_limit where one is set");
  }
  micro_batch_ = (too_large + 1) / 2;
  UndoWindow();
  LogWarning(
      "out of memory: the window is computed again, with the same samples, in micro-batches "
      "of " +
      std::to_string(micro_batch_) + " images instead of " + std::to_string(too_large) +
      ", as are the next ones. To start like that: " + Settings(micro_batch_, window_images_) +
      (accumulation_ == "exact" ? ""
                                : ". An image's negatives are those of its micro-batch: "
                                  "there are fewer of them now"));
}

// As if nothing of the window had been computed; its images stay.
void ForwardBackward::UndoWindow() {
  optimizer_->ZeroGrad();
  model_->running_statistics().Restore();
  gradient_->Forget(micro_batch_);
  device_->EmptyCache();
}

// As if the window had never begun.
void ForwardBackward::DropWindow() {
  gradient_->Begin(0, micro_batch_);
  UndoWindow();
}

// A pair by itself has a loss only where other pairs are its negatives.
int64_t ForwardBackward::LeastMicroBatch() const { return accumulation_ == "exact" ? 1 : 2; }

void ForwardBackward::EndWhereNotFinite(const Batch& batch, const at::Tensor& loss) {
  const NonFiniteReport report = Examine(batch, loss);
  if (report.layer.empty() && report.gradient.empty() && std::isfinite(report.loss)) {
    watch_->Reset();  // the row ends with this window
    return;
  }
  std::string where = "";
  if (run_dir_ != nullptr) {
    const std::string path = (std::filesystem::path(run_dir_->path()) / kReportFile).string();
    WriteNonFiniteReport(report, path);
    where = " " + path + " names the samples, their seed and the loss scale.";
  }
  DropWindow();
  throw EndRun(std::to_string(watch_->in_a_row()) +
               " steps in a row had no finite gradients and were skipped; " +
               WhereNotFinite(report) + '.' + where +
               " Try a lower train.learning_rate, or gpu.mixed_precision=false, from a checkpoint "
               "before the trouble began");
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
    report.layer = model_->FirstNonFiniteLayer(Normalise(images.flatten(0, 1)));
  }
  for (const auto& parameter : model_->module().named_parameters()) {
    const at::Tensor& gradient = parameter.value().grad();
    if (gradient.defined() && !at::isfinite(gradient).all().item<bool>()) {
      report.gradient = parameter.key();
      break;
    }
  }
  return report;
}

FLOWTRAIN_REGISTER(ForwardBackward);

}  // namespace flowtrain
