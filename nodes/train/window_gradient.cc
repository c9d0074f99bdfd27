#include "nodes/train/window_gradient.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <utility>

namespace flowtrain {
namespace {

// From micro-batches [2n, D] each to [2, N, D].
at::Tensor Views(const std::vector<at::Tensor>& representations) {
  std::vector<at::Tensor> views;
  views.reserve(representations.size());
  for (const at::Tensor& each : representations) {
    views.push_back(each.detach().reshape({2, each.size(0) / 2, each.size(1)}));
  }
  return at::cat(views, 1);
}

// One per parameter, undefined where there is none; the parameters have none any more.
std::vector<at::Tensor> TakeGradients(const std::vector<at::Tensor>& parameters) {
  std::vector<at::Tensor> gradients;
  gradients.reserve(parameters.size());
  for (const at::Tensor& parameter : parameters) {
    gradients.push_back(std::exchange(parameter.mutable_grad(), at::Tensor()));
  }
  return gradients;
}

}  // namespace

WindowGradient::WindowGradient(Accumulation accumulation, Network network,
                               RunningStatistics& statistics, std::unique_ptr<Peers> peers)
    : accumulation_(accumulation),
      network_(std::move(network)),
      statistics_(statistics),
      peers_(std::move(peers)) {}

void WindowGradient::Begin(int64_t images, int64_t micro_batch) {
  images_ = images;
  over_all_ = images;
  first_ = 0;
  shared_out_ = false;
  added_ = 0;
  batches_.clear();
  Forget(micro_batch);
}

void WindowGradient::Share(int64_t first, int64_t over_all) {
  first_ = first;
  over_all_ = over_all;
}

void WindowGradient::Forget(int64_t micro_batch) {
  micro_batch_ = micro_batch;
  done_ = 0;
  keeps_graphs_ = true;
  representations_.clear();
  loss_ = at::Tensor();
}

void WindowGradient::Add(at::Tensor images) {
  added_ += images.size(1);
  batches_.push_back(std::move(images));
}

void WindowGradient::Advance() {
  if (OneMicroBatch()) return;  // it needs all of the window at once
  while (done_ < added_) {
    const int64_t count = std::min(micro_batch_, images_ - done_);
    if (done_ + count > added_) return;
    const at::Tensor images = Micro(done_);
    if (accumulation_ == Accumulation::kExact) {
      representations_.push_back(RepresentExact(images));
    } else {
      Backward(RepresentToLearn(images), count, done_ + count == images_);
    }
    done_ += count;
  }
}

at::Tensor WindowGradient::Finish() {
  if (OneMicroBatch()) {
    Backward(RepresentToLearn(Micro(0)), images_, /*last=*/true);
  } else {
    Advance();
    if (accumulation_ == Accumulation::kExact) BackwardExact();
  }
  if (peers_ != nullptr) FinishWithPeers();
  return std::exchange(loss_, at::Tensor());
}

// Autograd would add each parameter's gradient to those before it with a kernel of its own; this takes
// one for all. The sums are the same.
template <typename Call>
void WindowGradient::AddGradients(Call backward) {
  const std::vector<at::Tensor> before = TakeGradients(network_.parameters);
  backward();
  std::vector<at::Tensor> sums, gradients;
  for (size_t i = 0; i < before.size(); ++i) {
    at::Tensor& gradient = network_.parameters[i].mutable_grad();
    if (!before[i].defined()) continue;
    if (gradient.defined()) {
      sums.push_back(before[i]);
      gradients.push_back(gradient);
    }
    gradient = before[i];
  }
  if (sums.empty()) return;
  const c10::NoGradGuard no_grad;
  at::_foreach_add_(sums, gradients);
}

// With peers the gradients before this pass are added while it is under way, since they are sent.
template <typename Call>
void WindowGradient::AddLastGradients(Call backward) {
  if (peers_ == nullptr) return AddGradients(std::move(backward));
  std::vector<at::Tensor> before = TakeGradients(network_.parameters);
  shared_out_ = true;
  peers_->begin_last_backward(std::move(before));
  backward();
}

// A rank without images has had no last backward pass.
void WindowGradient::FinishWithPeers() {
  if (images_ == 0) AddLastGradients([] {});
  peers_->finish_gradients();
  if (!loss_.defined())
    loss_ = at::zeros({}, network_.parameters.front().options().requires_grad(false));
}

void WindowGradient::Backward(const at::Tensor& representations, int64_t images, bool last) {
  const double share = static_cast<double>(images) / static_cast<double>(over_all_);
  const at::Tensor loss = network_.loss(representations) * share;
  const auto backward = [&] { network_.scale(loss).backward(); };
  if (last) {
    AddLastGradients(backward);
  } else {
    AddGradients(backward);
  }
  loss_ = loss_.defined() ? loss_ + loss.detach() : loss.detach();
}

at::Tensor WindowGradient::GatherAll() const {
  if (peers_ == nullptr) return Views(representations_).flatten(0, 1);
  const at::Tensor own =
      images_ > 0 ? Views(representations_)
                  : at::zeros({2, 0, peers_->dimensions},
                              network_.parameters.front().options().requires_grad(false));
  return peers_->gather(own).flatten(0, 1);
}

// No gradient goes back through the gather: each rank has the loss of all rows, so its gradient with
// respect to its own rows is complete.
void WindowGradient::BackwardExact() {
  shared_out_ = peers_ != nullptr;
  const at::Tensor all = GatherAll().requires_grad_();
  const at::Tensor loss = network_.loss(all);
  // [2, N, D], like the images.
  const at::Tensor gradient = torch::autograd::grad({network_.scale(loss)}, {all})[0]
                                  .view({2, over_all_, all.size(1)})
                                  .narrow(1, first_, images_);
  int64_t first = 0;
  for (at::Tensor& embedded : representations_) {
    const int64_t count = embedded.size(0) / 2;
    const bool kept = embedded.requires_grad();
    // Its graph is freed in the backward pass.
    const at::Tensor z =
        kept ? std::exchange(embedded, at::Tensor()) : RepresentToLearn(Micro(first));
    const auto backward = [&] { z.backward(gradient.narrow(1, first, count).flatten(0, 1)); };
    if (first + count == images_) {
      AddLastGradients(backward);
    } else {
      AddGradients(backward);
    }
    first += count;
  }
  loss_ = loss.detach();
}

at::Tensor WindowGradient::Micro(int64_t first) const {
  int64_t wanted = std::min(micro_batch_, images_ - first);
  std::vector<at::Tensor> parts;
  for (const at::Tensor& batch : batches_) {
    const int64_t rows = batch.size(1);
    if (first < rows && wanted > 0) {
      const int64_t count = std::min(wanted, rows - first);
      parts.push_back(batch.narrow(1, first, count));
      wanted -= count;
      first = 0;
    } else {
      first -= rows;
    }
  }
  const at::Tensor images = parts.size() == 1 ? parts.front() : at::cat(parts, 1);
  return images.flatten(0, 1);
}

at::Tensor WindowGradient::RepresentExact(const at::Tensor& images) {
  // The only micro-batch need not wait for others.
  keeps_graphs_ = keeps_graphs_ && (micro_batch_ >= images_ || network_.has_room());
  return keeps_graphs_ ? RepresentToLearn(images) : RepresentToCompare(images);
}

at::Tensor WindowGradient::RepresentToLearn(const at::Tensor& images) {
  at::Tensor representations;
  {
    const RunningStatistics::PauseCounts pause(statistics_);
    representations = Represent(images);
  }
  statistics_.CountBatch();
  return representations;
}

at::Tensor WindowGradient::RepresentToCompare(const at::Tensor& images) {
  const c10::NoGradGuard no_grad;
  const RunningStatistics::Pause pause(statistics_);
  return Represent(images);
}

// In fp32 from here on: gradients of representations are too small for half precision.
at::Tensor WindowGradient::Represent(const at::Tensor& images) const {
  const at::Tensor representations = network_.represent(images);
  return representations.scalar_type() == at::kDouble ? representations
                                                      : representations.to(at::kFloat);
}

}  // namespace flowtrain
