#include "nodes/measure/step_meter.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "nodes/run/step_record.h"
#include "tests/support/components.h"

namespace flowtrain {
namespace {

TEST(StepMeter, LeavesTheFirstStepsOutOfTheRates) {
  const auto meter = Make<StepMeter>({{"skip", "2"}});
  Step step;
  step.payload = std::make_unique<StepPayload>();
  for (int i = 0; i < 5; ++i) {
    auto record = std::make_shared<StepRecord>();
    record->images = 100;
    record->seconds = i < 2 ? 50.0 : 2.0;
    record->data_wait = i < 2 ? 1.0 : 0.25;
    static_cast<StepPayload&>(*step.payload).record = record;
    meter->Process(step);
  }
  EXPECT_EQ(meter->totals().steps(), 5U);
  EXPECT_DOUBLE_EQ(meter->totals().images_per_s().value(), 50.0);
  EXPECT_DOUBLE_EQ(meter->totals().data_wait().value(), 0.25);
}

TEST(StepMeter, AStepWithoutARecordIsAnError) {
  const auto meter = Make<StepMeter>();
  Step bare;
  EXPECT_THROW(meter->Process(bare), std::logic_error);
}

}  // namespace
}  // namespace flowtrain
