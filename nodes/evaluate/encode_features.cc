#include "nodes/evaluate/encode_features.h"

#include <ATen/Functions.h>

#include <vector>

#include "nodes/device/staged_batch.h"
#include "nodes/evaluate/encode_in_parts.h"
#include "nodes/evaluate/feature_table.h"
#include "nodes/source/ordered_source.h"
#include "pipeline/base/error.h"
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
  const c10::Device device = backbone_->device().device();
  const auto& staged = static_cast<const StagedBatch&>(*batch.payload);
  // Where the stage found no room for all of them, they are copied in parts.
  const at::Tensor images = staged.copied ? TakeImages(batch, device) : staged.images;
  const at::Tensor encoded = encode_(backbone_->device(), images, [&](const at::Tensor& part) {
    return backbone_->Encode(part.to(device));
  });
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

FLOWTRAIN_REGISTER(EncodeFeatures);

}  // namespace flowtrain
