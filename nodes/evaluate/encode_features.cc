#include "nodes/evaluate/encode_features.h"

#include <ATen/Functions.h>

#include <exception>
#include <string>
#include <vector>

#include "nodes/device/out_of_memory.h"
#include "nodes/device/staged_batch.h"
#include "nodes/evaluate/feature_table.h"
#include "nodes/source/ordered_source.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void EncodeFeatures::Declare(NodeSpec& spec) {
  spec.Doc("The frozen backbone's features of each image.")
      .Input("batches", Stream::kBatch)
      .Output("features", Stream::kStep)
      .Uses("backbone", "FrozenBackbone");
}

void EncodeFeatures::Open(const OpenContext& context) {
  backbone_ = &context.Get<FrozenBackbone>("backbone");
  if (context.layout().views != 1) {
    throw ConfigError("an image is evaluated in one view: the stage node needs `views: 1`");
  }
}

std::unique_ptr<Payload> EncodeFeatures::NewPayload() { return std::make_unique<FeaturePayload>(); }

void EncodeFeatures::Process(Batch& batch, Step& step) {
  const at::Tensor images = TakeImages(batch, backbone_->device().device());
  const at::Tensor encoded = Encode(images);
  ReleaseBuffer(batch);
  const at::Tensor features = encoded.cpu();
  std::vector<int64_t> rows, labels, ids;
  for (size_t row = 0; row < batch.ids.size(); ++row) {
    if (batch.ids[row] == kNoImage) continue;
    rows.push_back(static_cast<int64_t>(row));
    labels.push_back(batch.labels[row]);
    ids.push_back(static_cast<int64_t>(batch.ids[row]));
  }
  dynamic_cast<FeaturePayload&>(*step.payload).table = {
      features.index_select(0, at::tensor(rows, at::kLong)), at::tensor(labels, at::kLong),
      at::tensor(ids, at::kLong)};
}

// An image's features do not depend on the images beside it.
at::Tensor EncodeFeatures::Encode(const at::Tensor& images) {
  if (at_a_time_ == 0) at_a_time_ = images.size(0);
  while (true) {
    try {
      std::vector<at::Tensor> parts;
      for (const at::Tensor& part : images.split(at_a_time_)) {
        parts.push_back(backbone_->Encode(part));
      }
      return parts.size() == 1 ? parts.front() : at::cat(parts);
    } catch (const std::exception& error) {
      if (!IsOutOfMemory(error) || at_a_time_ == 1) throw;
      // Room is made outside the handler: the exception still holds memory here.
    }
    at_a_time_ = (at_a_time_ + 1) / 2;
    backbone_->device().EmptyCache();
    LogWarning("out of memory: images are encoded " + std::to_string(at_a_time_) +
               " at a time from now on, with the same result");
  }
}

FLOWTRAIN_REGISTER(EncodeFeatures);

}  // namespace flowtrain
