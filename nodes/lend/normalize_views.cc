#include "nodes/lend/normalize_views.h"

#include "nodes/image/rgb_image.h"
#include "nodes/lend/consumer.h"
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
  consumer.PromiseValues();
  format_ = consumer.format();
  by_ = simd::NormalizationOf(consumer.mean(), consumer.deviation());
}

Outcome NormalizeViews::Process(Sample& sample, Worker&) {
  if (format_.type == ValueType::kUint8) return Ok();
  const Batch& batch = *sample.batch;
  for (int view = 0; view < batch.layout.views; ++view) {
    const size_t pixels = batch.layout.ViewBytes(view) / kChannels;
    const uint8_t* bytes = batch.Row(view, sample.row);
    uint8_t* values = batch.buffer + format_.ValuesAt(batch.layout, view, sample.row);
    if (format_.type == ValueType::kFloat32) {
      simd::NormalizeRgb(by_, bytes, pixels, format_.channels_first,
                         reinterpret_cast<float*>(values));
    } else {
      simd::NormalizeRgb(by_, bytes, pixels, format_.channels_first,
                         reinterpret_cast<uint16_t*>(values));
    }
  }
  return Ok();
}

FLOWTRAIN_REGISTER(NormalizeViews);

}  // namespace flowtrain
