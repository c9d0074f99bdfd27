#include "nodes/distributed/backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/errors.h"

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::HasSubstr;

BackendOffer Gpu(const std::string& gpu, Backend wanted = Backend::kAuto) {
  BackendOffer offer;
  offer.wanted = wanted;
  offer.cuda = true;
  offer.gpu = gpu;
  offer.place = "GPU 0 of host box";
  return offer;
}

BackendOffer Without(const std::string& why, bool cuda, Backend wanted = Backend::kAuto) {
  BackendOffer offer;
  offer.wanted = wanted;
  offer.no_nccl = why;
  offer.cuda = cuda;
  return offer;
}

std::string Refusal(const std::vector<BackendOffer>& offers) {
  return MessageOf<ConfigError>([&] { ChooseBackend(offers); });
}

TEST(Backend, ItIsNcclWhereEachRankHasAGpuOfItsOwn) {
  const BackendChoice choice = ChooseBackend({Gpu("a"), Gpu("b")});
  EXPECT_TRUE(choice.nccl);
  EXPECT_EQ(choice.warning, "");
  EXPECT_TRUE(ChooseBackend({Gpu("a", Backend::kNccl)}).nccl);
}

TEST(Backend, WithoutThePlugInItIsGlooWithItsCost) {
  const BackendChoice choice =
      ChooseBackend({Gpu("a"), Without("flowtrain_nccl.so is away", true)});
  EXPECT_FALSE(choice.nccl);
  EXPECT_THAT(choice.warning, AllOf(HasSubstr("rank 1 cannot use NCCL: flowtrain_nccl.so is away"),
                                    HasSubstr("through host memory"), HasSubstr("longer")));
}

TEST(Backend, CpusTakeGlooWithoutAWord) {
  const BackendOffer cpu = Without("it computes on cpu", false);
  const BackendChoice choice = ChooseBackend({cpu, cpu});
  EXPECT_FALSE(choice.nccl);
  EXPECT_EQ(choice.warning, "");
}

TEST(Backend, GlooIsTakenWhereItIsWanted) {
  const BackendOffer gloo = Gpu("", Backend::kGloo);
  EXPECT_FALSE(ChooseBackend({gloo, gloo}).nccl);
  EXPECT_EQ(ChooseBackend({gloo, gloo}).warning, "");
}

TEST(Backend, NcclThatARankLacksIsRefusedByName) {
  EXPECT_THAT(
      Refusal({Gpu("a", Backend::kNccl), Without("it computes on cpu", false, Backend::kNccl)}),
      HasSubstr("distributed.backend is nccl, which rank 1 cannot use: it computes on cpu"));
}

TEST(Backend, TwoRanksOnOneGpuAreRefusedByName) {
  EXPECT_THAT(Refusal({Gpu("b"), Gpu("a"), Gpu("a")}),
              HasSubstr("rank 2 and rank 1 both take GPU 0 of host box"));
}

TEST(Backend, DifferentWishesAreRefused) {
  EXPECT_THAT(Refusal({Gpu("a"), Gpu("b", Backend::kNccl)}),
              HasSubstr("distributed.backend is nccl for rank 1, but auto for rank 0"));
}

TEST(Backend, AnOfferSurvivesTheWay) {
  BackendOffer offer = Gpu("boot 0000:01:00", Backend::kNccl);
  offer.no_nccl = "a plug-in that\nis missing";
  const BackendOffer there = ToOffer(ToText(offer));
  EXPECT_EQ(there.wanted, Backend::kNccl);
  EXPECT_EQ(there.no_nccl, "a plug-in that");
  EXPECT_TRUE(there.cuda);
  EXPECT_EQ(there.gpu, offer.gpu);
  EXPECT_EQ(there.place, offer.place);
  EXPECT_FALSE(ToOffer(ToText({})).cuda);
}

}  // namespace
}  // namespace flowtrain
