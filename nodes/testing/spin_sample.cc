#include "nodes/testing/spin_sample.h"

#include "pipeline/base/philox.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

void WriteViews(const Sample& sample) {
  const BatchLayout& layout = sample.batch->layout;
  for (int view = 0; view < layout.views; ++view) {
    Rng rng({.seed = sample.seed + static_cast<uint64_t>(sample.attempt),
             .stream = sample.epoch,
             .id = sample.id,
             .purpose = kView + static_cast<uint32_t>(view)});
    uint8_t* row = sample.batch->Row(view, sample.row);
    for (size_t i = 0; i < layout.ViewBytes(view); ++i)
      row[i] = static_cast<uint8_t>(rng.NextUint32());
  }
}

}  // namespace

void SpinSample::Declare(NodeSpec& spec) {
  spec.Doc("Work on a sample that takes time; for tests and benches of the engine.")
      .Input("in", Stream::kSample)
      .Output("out", Stream::kSample)
      .Option(&SpinSample::bad_every_, "bad_every", 0,
              "Ids that are a multiple of it are bad; 0: none.", AtLeast{0})
      .Option(&SpinSample::write_, "write", false, "Fill the sample's row with noise.");
  DeclareBehaviour(spec);
}

Outcome SpinSample::Process(Sample& sample, Worker&) {
  Work(sample);
  if (bad_every_ > 0 && sample.id % static_cast<uint64_t>(bad_every_) == 0) {
    return Bad("told to be bad");
  }
  if (write_) WriteViews(sample);
  return Ok();
}

FLOWTRAIN_REGISTER(SpinSample);
FLOWTRAIN_REGISTER(SerialSample);

}  // namespace flowtrain
