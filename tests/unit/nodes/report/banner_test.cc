#include "nodes/report/banner.h"

#include <gtest/gtest.h>

namespace flowtrain {
namespace {

BannerFacts Gpu() {
  BannerFacts facts;
  facts.gpu = true;
  facts.device = "NVIDIA GeForce RTX 5070";
  facts.device_bytes = size_t{12} << 30;
  facts.cudnn_benchmark = true;
  facts.precision = "FP16";
  facts.batch_size = 128;
  facts.accumulation = 4;
  facts.negatives = 1022;
  facts.dataset = "STL-10, train + unlabeled: 105,000 images 96x96";
  facts.workers = 6;
  facts.pool_bytes = size_t{700} << 20;
  facts.run_dir = "runs/simclr-20250102-030405";
  return facts;
}

TEST(Banner, Gpu) {
  EXPECT_EQ(FormatBanner(Gpu(), true),
            "✓ GPU:                   NVIDIA GeForce RTX 5070\n"
            "✓ VRAM:                  12.0 GiB\n"
            "✓ cuDNN benchmark:       on\n"
            "✓ Mixed precision:       FP16\n"
            "✓ Gradient accumulation: 4 steps (effective batch = 128 x 4 = 512)\n"
            "✓ Negatives:             1,022 per anchor\n"
            "✓ Data set:              STL-10, train + unlabeled: 105,000 images 96x96\n"
            "✓ Workers:               6 threads decode and augment\n"
            "✓ Memory of the pools:   at most 700 MiB\n"
            "✓ Run directory:         runs/simclr-20250102-030405\n");
}

TEST(Banner, CpuSaysWhichKeysAreInactiveAndWhatIsOff) {
  BannerFacts facts = Gpu();
  facts.gpu = false;
  facts.device = "AMD EPYC 7763, 1 core";
  facts.precision = "";
  facts.accumulation = 1;
  facts.negatives = 0;
  facts.inactive = {"data.pin_memory", "gpu.cudnn_benchmark"};
  EXPECT_EQ(FormatBanner(facts, false),
            "* CPU:                   AMD EPYC 7763, 1 core\n"
            "- Mixed precision:       off (FP32)\n"
            "* Gradient accumulation: 1 step (effective batch = 128 x 1 = 128)\n"
            "* Data set:              STL-10, train + unlabeled: 105,000 images 96x96\n"
            "* Workers:               6 threads decode and augment\n"
            "* Memory of the pools:   at most 700 MiB\n"
            "* Run directory:         runs/simclr-20250102-030405\n"
            "- Inactive without GPU:  data.pin_memory, gpu.cudnn_benchmark\n");
}

TEST(Banner, SaysHowExactAccumulationGoes) {
  BannerFacts facts = Gpu();
  facts.passes = 1;
  facts.graph_bytes = size_t{2355} << 20;
  EXPECT_NE(
      FormatBanner(facts, true).find("128 x 4 = 512), in one pass (2.3 GiB of activations)\n"),
      std::string::npos);
  facts.passes = 2;
  EXPECT_NE(FormatBanner(facts, true)
                .find("128 x 4 = 512), in two passes (one would keep 2.3 GiB of activations)\n"),
            std::string::npos);
  facts.graph_bytes = 0;
  EXPECT_NE(FormatBanner(facts, true).find("128 x 4 = 512), in two passes\n"), std::string::npos);
}

TEST(Banner, SaysHowMuchOfTheMemoryMayBeTaken) {
  BannerFacts facts = Gpu();
  facts.device_bytes = size_t{80} << 30;
  facts.device_limit_bytes = size_t{12} << 30;
  facts.device_limited_by = "gpu.memory_limit";
  EXPECT_NE(
      FormatBanner(facts, true)
          .find("VRAM:                  80.0 GiB, at most 12.0 GiB of it (gpu.memory_limit)\n"),
      std::string::npos);
}

TEST(Banner, SaysWhatOtherProgramsLeaveOfTheMemory) {
  BannerFacts facts = Gpu();
  facts.device_free_bytes = size_t{10} << 30;
  facts.device_limit_bytes = size_t{9} << 30;
  facts.device_limited_by = "what was free";
  EXPECT_NE(
      FormatBanner(facts, true)
          .find("VRAM:                  12.0 GiB, 10.0 GiB free, at most 9.0 GiB of it (what was "
                "free)\n"),
      std::string::npos);
}

TEST(Banner, CountsTheCacheOfDecodedImages) {
  BannerFacts facts = Gpu();
  facts.cache_bytes = size_t{4} << 30;
  EXPECT_NE(FormatBanner(facts, true)
                .find("Memory of the pools:   at most 4.7 GiB, 4.0 GiB of it the cache of decoded "
                      "images\n"),
            std::string::npos);
}

TEST(Banner, TellsOfTheShorterStepAtTheEndOfAnEpoch) {
  BannerFacts facts = Gpu();
  facts.last_accumulation = 2;
  facts.last_negatives = 510;
  facts.learning_rate = "0.06, then along a cosine to 0 at step 310";
  EXPECT_NE(FormatBanner(facts, true)
                .find("4 steps (effective batch = 128 x 4 = 512; 128 x 2 = 256 at the end of an "
                      "epoch)\n"
                      "✓ Negatives:             1,022 per anchor; 510 at the end of an epoch\n"
                      "✓ Learning rate:         0.06, then along a cosine to 0 at step 310\n"),
            std::string::npos)
      << FormatBanner(facts, true);
}

TEST(Banner, TellsOfAnEpochThatHasFewerBatchesThanAStep) {
  BannerFacts facts = Gpu();
  facts.accumulation = 3;
  facts.asked_accumulation = 4;
  EXPECT_NE(FormatBanner(facts, true)
                .find("3 steps, all that an epoch has, not 4 (effective batch = 128 x 3 = 384)\n"),
            std::string::npos);
}

TEST(Banner, SaysWhatIsOffOnAGpu) {
  BannerFacts facts = Gpu();
  facts.cudnn_benchmark = false;
  EXPECT_NE(FormatBanner(facts, true).find("- cuDNN benchmark:       off\n"), std::string::npos);
}

}  // namespace
}  // namespace flowtrain
