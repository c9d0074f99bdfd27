#include "tools/measure/guide_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flowtrain {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Setting& Named(const std::vector<Setting>& settings, const std::string& name) {
  for (const Setting& setting : settings) {
    if (setting.name == name) return setting;
  }
  throw std::logic_error(name);
}

Config SomeConfig(const std::string& yaml) { return Config(ReadYaml(yaml, "config.yaml")); }

TEST(GuideSettings, AccumulationKeepsTheEffectiveBatch) {
  const Config config = SomeConfig("data: {batch_size: 128}\ngpu: {gradient_accumulation: 4}\n");
  const auto settings = GuideSettings(config, {});
  const Setting& accumulation = Named(settings, "gradient accumulation");
  ASSERT_EQ(accumulation.variants.size(), 3u);
  EXPECT_THAT(accumulation.variants[0].sets,
              ElementsAre("data.batch_size=512", "gpu.gradient_accumulation=1"));
  EXPECT_THAT(accumulation.variants[2].sets,
              ElementsAre("data.batch_size=128", "gpu.gradient_accumulation=4"));
}

TEST(GuideSettings, WhatDoesNotDivideIsLeftOut) {
  const Config config = SomeConfig("data: {batch_size: 6}\ngpu: {gradient_accumulation: 1}\n");
  EXPECT_EQ(Named(GuideSettings(config, {}), "gradient accumulation").variants.size(), 2u);
}

TEST(GuideSettings, ABatchOfOneIsNotTried) {
  const Config config = SomeConfig("data: {batch_size: 2}\ngpu: {gradient_accumulation: 2}\n");
  const auto accumulation = Named(GuideSettings(config, {}), "gradient accumulation");
  ASSERT_EQ(accumulation.variants.size(), 3u);
  EXPECT_EQ(accumulation.variants[1].why_not, "");  // 2 x 2
  EXPECT_EQ(accumulation.variants[2].why_not, "a batch of 1 is too small");
}

TEST(GuideSettings, SayWhatTheMachineCannotTry) {
  const auto settings = GuideSettings(SomeConfig("data: {batch_size: 8}\n"), {false, false, 4});
  EXPECT_THAT(Named(settings, "pinned memory").variants[1].why_not, HasSubstr("no GPU"));
  EXPECT_THAT(Named(settings, "mixed precision").variants[0].why_not, HasSubstr("half precision"));
  EXPECT_EQ(Named(settings, "workers").variants[0].why_not, "");
  EXPECT_EQ(Named(settings, "workers").variants[1].why_not, "this machine has 4 cores");
  const auto all = GuideSettings(SomeConfig("data: {batch_size: 8}\n"), {true, true, 16});
  for (const Setting& setting : all) {
    for (const Variant& variant : setting.variants) EXPECT_EQ(variant.why_not, "") << setting.name;
  }
}

}  // namespace
}  // namespace flowtrain
