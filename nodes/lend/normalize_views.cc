#include "nodes/lend/normalize_views.h"

#include "nodes/augment/dual_view_augment.h"
#include "nodes/image/rgb_image.h"
#include "nodes/lend/consumer.h"
#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void NormalizeViews::Declare(NodeSpec& spec) {
  spec.Doc("Makes normalised floating-point values of views, where the consumer asks for them.")
      .Input("rows", Stream::kSample)
      .Output("values", Stream::kSample)
      .Uses("consumer", "Consumer");
}

void NormalizeViews::Open(const OpenContext& context) {
  auto& consumer = context.Get<Consumer>("consumer");
  if (consumer.promised()) {
    throw ConfigError("'" + context.name() +
                      "' is the second NormalizeViews of this graph: leave one of them out");
  }
  auto* augment = context.TryBefore<DualViewAugment>();
  made_before_ = augment != nullptr || consumer.format().type == ValueType::kUint8;
  consumer.PromiseValues();
  consumer_ = &consumer;
  format_ = consumer.format();
  by_ = simd::NormalizationOf(consumer.mean(), consumer.deviation());
  if (augment == nullptr || format_.type == ValueType::kUint8) return;
  augment->MakeValues([this](const Batch& batch, int view, int row) {
    return ViewValues{by_, PlaceOf(batch, view, row)};
  });
}

simd::ImageValues NormalizeViews::PlaceOf(const Batch& batch, int view, int row) const {
  uint8_t* const values = batch.buffer + format_.ValuesAt(batch.layout, view, row);
  if (format_.type == ValueType::kFloat32) {
    return {reinterpret_cast<float*>(values), format_.channels_first};
  }
  return {reinterpret_cast<uint16_t*>(values), format_.channels_first};
}

void NormalizeViews::CheckIsBefore(const OpenContext& context, const Consumer& consumer) {
  const auto* normalize = context.TryBefore<NormalizeViews>();
  if (normalize != nullptr && normalize->consumer_ != &consumer) {
    throw ConfigError("'" + context.name() +
                      "' and the NormalizeViews before it use two Consumers: give them one");
  }
  if (normalize != nullptr || consumer.format().type == ValueType::kUint8) return;
  throw ConfigError(context.NameOf("consumer", "values") + " asks for normalised values, and '" +
                    context.name() + "' does not get them: put a NormalizeViews right before it");
}

Outcome NormalizeViews::Process(Sample& sample, Worker&) {
  if (made_before_) return Ok();
  const Batch& batch = *sample.batch;
  for (int view = 0; view < batch.layout.views; ++view) {
    const size_t pixels = batch.layout.ViewBytes(view) / kChannels;
    simd::NormalizeRgb(by_, batch.Row(view, sample.row), pixels, PlaceOf(batch, view, sample.row));
  }
  return Ok();
}

FLOWTRAIN_REGISTER(NormalizeViews);

}  // namespace flowtrain
