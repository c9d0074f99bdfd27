#include "nodes/source/ordered_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "nodes/distributed/launch/ranks.h"
#include "nodes/run/run_dir.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "tests/support/components.h"
#include "tests/support/errors.h"
#include "tests/support/image_slot.h"
#include "tests/support/rank_alone.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;

// The sample set of 8 pictures to train on, which are the bank, and 2 queries.
struct OrderedFixture {
  explicit OrderedFixture(const std::string& images, int rows, Ranks* ranks = nullptr)
      : rows(rows), context({{"dataset", &dataset}, {"run_dir", &run_dir}}, {.rows = rows}) {
    if (ranks != nullptr) context.resources["ranks"] = ranks;
    DatasetOptions data;
    data.kind = DatasetKind::kSample;
    data.sample_images = 8;
    data.sample_size = 8;
    dataset.Open(data);
    Bind(source, {{"images", images}});
    Bind(run_dir, {{"path", folder.path()}});
    run_dir.Open(TestContext());
    source.Open(context);
  }
  // Admits the batch `seq` and gives its ids; empty after the last.
  std::vector<uint64_t> Ids(uint64_t seq) {
    batch.seq = seq;
    batch.layout.rows = rows;
    std::vector<uint64_t> ids;
    if (!source.AdmitBatch(batch)) return ids;
    for (int row = 0; row < rows; ++row) {
      ImageSlot sample;
      sample.batch = &batch;
      sample.row = row;
      source.AdmitSample(sample);
      ids.push_back(sample.id);
    }
    return ids;
  }

  int rows;
  const TempFolder folder;
  ImageDataset dataset;
  RunDir run_dir;
  TestContext context;
  OrderedSource source;
  Batch batch;
};

TEST(OrderedSource, SaysWhichImagesItGives) {
  EXPECT_EQ(
      OrderedFixture("labelled", 4).source.Description(),
      "built-in sample, pictures to train on, 8 images (bank); built-in sample, new pictures, "
      "2 images (queries)");
  OrderedFixture all("all", 4);
  EXPECT_EQ(all.source.Description(), all.dataset.Description());
}

TEST(OrderedSource, GivesTheBankThenTheQueriesEachOnce) {
  OrderedFixture fixture("labelled", 4);
  EXPECT_EQ(fixture.source.size(), 10u);
  EXPECT_EQ(fixture.Ids(0), (std::vector<uint64_t>{0, 1, 2, 3}));
  EXPECT_EQ(fixture.batch.window, 1);
  EXPECT_FALSE(fixture.batch.last_of_epoch);
  EXPECT_EQ(fixture.Ids(1), (std::vector<uint64_t>{4, 5, 6, 7}));
  EXPECT_EQ(fixture.Ids(2), (std::vector<uint64_t>{8, 9, kNoImage, kNoImage}));
  EXPECT_EQ(fixture.batch.step, 2u);
  EXPECT_TRUE(fixture.batch.last_of_epoch);
  EXPECT_TRUE(fixture.Ids(3).empty());
}

// Four batches of three images; of five ranks the first has none.
TEST(OrderedSource, RanksShareWholeBatches) {
  for (const int ranks : {1, 2, 3, 4, 5}) {
    std::vector<uint64_t> all;
    for (int rank = 0; rank < ranks; ++rank) {
      RankAlone self(rank, ranks);
      OrderedFixture fixture("labelled", 3, &self);
      EXPECT_EQ(fixture.source.size(), 10u);
      for (uint64_t seq = 0;; ++seq) {
        const std::vector<uint64_t> ids = fixture.Ids(seq);
        if (ids.empty()) break;
        EXPECT_EQ(fixture.batch.step, all.size() / 3);
        EXPECT_EQ(fixture.batch.total_steps, 4u);
        all.insert(all.end(), ids.begin(), ids.end());
      }
    }
    EXPECT_EQ(all, (std::vector<uint64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, kNoImage, kNoImage}))
        << ranks;
  }
}

TEST(OrderedSource, ARankThatIsToStopStopsTheOthers) {
  RankAlone self(0, 2);
  OrderedFixture fixture("labelled", 3, &self);
  fixture.context.control.StopTogether();
  EXPECT_FALSE(fixture.Ids(0).empty());
  fixture.context.control.RequestDrain();
  EXPECT_TRUE(fixture.Ids(1).empty());
  EXPECT_TRUE(self.asked) << "the others";
  EXPECT_TRUE(fixture.context.control.draining());

  RankAlone asked(1, 2);
  OrderedFixture other("labelled", 3, &asked);
  asked.asked = true;
  EXPECT_TRUE(other.Ids(0).empty());
  EXPECT_TRUE(other.context.control.stopped_here());

  RankAlone last(0, 2);  // which had admitted all of its images
  OrderedFixture done("labelled", 3, &last);
  last.others = {"s"};
  done.source.Flush();
  EXPECT_TRUE(done.context.control.draining());
}

TEST(OrderedSource, RankZeroListsTheBadImagesOfAll) {
  RankAlone self(0, 2);
  OrderedFixture fixture("labelled", 4, &self);
  self.others = {"d" + ToText({{9, "picture 9", "cut short"}})};
  std::string log;
  SetLogWriter([&log](const std::string& line) { log += line; });
  fixture.source.Flush();
  SetLogWriter(nullptr);
  EXPECT_THAT(log, HasSubstr("1 of 10 images could not be used and are left out:"));
  EXPECT_EQ(ReadText(fixture.folder / "bad_images.csv"),
            "name,reason,found_by\npicture 9,cut short,evaluation\n");
  EXPECT_FALSE(fixture.context.control.draining());
}

TEST(OrderedSource, FetchesTheQueriesAfterTheBank) {
  OrderedFixture fixture("labelled", 4);
  const Evaluation evaluation = fixture.dataset.evaluation();
  ImageSlot sample;
  sample.id = 9;
  Worker worker;
  ASSERT_TRUE(fixture.source.Process(sample, worker).ok);
  std::vector<uint8_t> storage;
  const EncodedImage expected = evaluation.queries->Fetch(1, storage);
  EXPECT_TRUE(std::ranges::equal(sample.carried().encoded.bytes, expected.bytes));
  EXPECT_EQ(sample.label, expected.label);
}

TEST(OrderedSource, GivesAllImagesToTrainOn) {
  OrderedFixture fixture("all", 3);
  EXPECT_EQ(fixture.source.size(), 8u);
  EXPECT_EQ(fixture.Ids(2), (std::vector<uint64_t>{6, 7, kNoImage}));
  EXPECT_TRUE(fixture.Ids(3).empty());
}

TEST(OrderedSource, AnUnreadableImageIsNotedAndItsRowStandsForNone) {
  OrderedFixture fixture("labelled", 4);
  ImageSlot sample;
  sample.id = 9;
  sample.error = "cut short";
  fixture.source.Substitute(sample);
  EXPECT_EQ(sample.id, kNoImage);
  Worker worker;
  ASSERT_TRUE(fixture.source.Process(sample, worker).ok);
  EXPECT_EQ(sample.label, -1);
  EXPECT_EQ(sample.image().pixels.size(), 3u);
  EXPECT_TRUE(sample.carried().decoded) << "decode must let it pass";
  std::string log;
  SetLogWriter([&log](const std::string& line) { log += line; });
  fixture.source.Flush();
  SetLogWriter(nullptr);
  EXPECT_THAT(log, HasSubstr("1 of 10 images could not be used and are left out:"));
  EXPECT_THAT(log, HasSubstr("picture 9 (striped disc): cut short"));
  EXPECT_EQ(ReadText(fixture.folder / "bad_images.csv"),
            "name,reason,found_by\npicture 9 (striped disc),cut short,evaluation\n");
}

TEST(OrderedSource, WithoutOneUsableImageThereIsNoResult) {
  OrderedFixture fixture("labelled", 4);
  ImageSlot sample;
  sample.error = "cut short";
  for (sample.id = 0; sample.id < 10;) {
    const uint64_t id = sample.id;
    fixture.source.Substitute(sample);
    sample.id = id + 1;
  }
  const std::string message = MessageOf<DataError>([&] { fixture.source.Flush(); });
  EXPECT_THAT(message,
              HasSubstr("none of the 10 images can be used:\n  picture 0 (disc): cut short"));
  EXPECT_THAT(message, HasSubstr("… and 5 more: see " + (fixture.folder / "bad_images.csv")));
}

TEST(OrderedSource, WithoutLabelsItSaysWhy) {
  const TempFolder folder;
  folder.Write("a.jpg", {1});
  DatasetOptions data;
  data.kind = DatasetKind::kFolder;
  data.root = folder.path();
  ImageDataset dataset;
  dataset.Open(data);
  OrderedSource labelled, all;
  Bind(labelled, {});
  EXPECT_THAT(MessageOf<ConfigError>([&] {
                labelled.Open(TestContext({{"dataset", &dataset}}));
              }),
              HasSubstr("not sorted into class folders"));
  Bind(all, {{"images", "all"}});
  all.Open(TestContext({{"dataset", &dataset}}));
  EXPECT_EQ(all.size(), 1u);
}

}  // namespace
}  // namespace flowtrain
