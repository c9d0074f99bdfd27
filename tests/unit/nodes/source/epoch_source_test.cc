#include "nodes/source/epoch_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "nodes/data/folder_set.h"
#include "nodes/pack/pack_images.h"
#include "nodes/run/run_dir.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "tests/support/components.h"
#include "tests/support/errors.h"
#include "tests/support/image_files.h"
#include "tests/support/image_slot.h"
#include "tests/support/temp_folder.h"
#include "tests/support/test_context.h"

namespace flowtrain {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A source over a sample set, or over `files` files of a folder.
struct Fixture {
  Fixture(int images, int rows, const Options& options) : rows(rows) {
    DatasetOptions data;
    data.kind = DatasetKind::kSample;
    data.sample_images = static_cast<uint64_t>(images);
    data.sample_size = 8;
    dataset.Open(data);
    Open(options);
  }
  Fixture(const std::string& root, int rows, const Options& options) : rows(rows) {
    DatasetOptions data;
    data.kind = DatasetKind::kFolder;
    data.root = root;
    dataset.Open(data);
    Open(options);
  }
  void Open(const Options& options) {
    Bind(source, options);
    source.Open(TestContext({{"dataset", &dataset}}, {.rows = rows}));
  }
  // The batch `seq`, or nullptr after the last.
  std::unique_ptr<Batch> Admit(uint64_t seq) {
    auto batch = std::make_unique<Batch>();
    batch->seq = seq;
    batch->layout.rows = rows;
    return source.AdmitBatch(*batch) ? std::move(batch) : nullptr;
  }
  std::vector<uint64_t> Ids(Batch& batch) {
    std::vector<uint64_t> ids;
    for (int row = 0; row < rows; ++row) {
      ImageSlot sample;
      sample.batch = &batch;
      sample.row = row;
      source.AdmitSample(sample);
      EXPECT_EQ(sample.epoch, batch.epoch);
      ids.push_back(sample.id);
    }
    return ids;
  }

  int rows;
  ImageDataset dataset;
  EpochSource source;
};

// Silences the warnings that the tests provoke.
class EpochSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SetLogWriter([](const std::string&) {});
  }
  void TearDown() override { SetLogWriter(nullptr); }
};

TEST_F(EpochSourceTest, PlacesBatchesInWindowsStepsAndEpochs) {
  Fixture fixture(23, 4, {{"epochs", "2"}, {"window", "2"}});  // 5 batches: windows of 2, 2, 1
  struct Expected {
    uint64_t epoch, step;
    int in_window, window;
    bool last;
  };
  const std::vector<Expected> expected = {
      {0, 0, 0, 2, false}, {0, 0, 1, 2, false}, {0, 1, 0, 2, false}, {0, 1, 1, 2, false},
      {0, 2, 0, 1, true},  {1, 3, 0, 2, false}, {1, 3, 1, 2, false}, {1, 4, 0, 2, false},
      {1, 4, 1, 2, false}, {1, 5, 0, 1, true}};
  for (size_t seq = 0; seq < expected.size(); ++seq) {
    const auto batch = fixture.Admit(seq);
    ASSERT_NE(batch, nullptr);
    EXPECT_EQ(batch->epoch, expected[seq].epoch) << seq;
    EXPECT_EQ(batch->step, expected[seq].step) << seq;
    EXPECT_EQ(batch->steps_per_epoch, 3u);
    EXPECT_EQ(batch->in_window, expected[seq].in_window) << seq;
    EXPECT_EQ(batch->window, expected[seq].window) << seq;
    EXPECT_EQ(batch->last_of_epoch, expected[seq].last) << seq;
  }
  EXPECT_EQ(fixture.Admit(expected.size()), nullptr);
}

TEST_F(EpochSourceTest, EveryWindowTellsHowLargeAWholeOneIs) {
  for (const uint64_t batches : {1, 5, 6, 7, 23}) {
    for (const int window : {1, 2, 3, 4, 30}) {
      const EpochPlan plan(batches, window);
      EXPECT_EQ(plan.whole_window(), std::min<int>(window, static_cast<int>(batches)));
      for (uint64_t number = 0; number < batches; ++number) {
        const PlannedBatch batch = plan.At(number);
        if (batch.in_window + 1 < batch.window) continue;
        EXPECT_EQ(WholeWindow(batch.window, batch.last_of_epoch, plan.steps_per_epoch(), batches),
                  plan.whole_window())
            << batches << ' ' << window << ' ' << number;
        if (batch.last_of_epoch) {
          EXPECT_EQ(plan.last_window(), batch.window);
        }
      }
    }
  }
}

TEST_F(EpochSourceTest, WarnsOfAnEpochThatIsShorterThanAWindow) {
  std::string told;
  SetLogWriter([&told](const std::string& line) { told += line; });
  Fixture enough(23, 4, {{"window", "5"}});
  EXPECT_EQ(told, "");
  Fixture fewer(23, 4, {{"window", "6"}});
  EXPECT_THAT(told, HasSubstr("an epoch has 5 batches, fewer than the 6 of a step"));
  EXPECT_THAT(told, HasSubstr("every step takes 20 images, not 24"));
}

TEST_F(EpochSourceTest, SaysHowLongTheRunIs) {
  // 23 images are 5 batches of 4, and these 3 windows of 2, 2 and 1.
  EXPECT_EQ(Fixture(23, 4, {{"epochs", "7"}, {"window", "2"}}).Admit(0)->total_steps, 21u);
  Fixture cut(23, 4, {{"epochs", "7"}, {"window", "2"}, {"max_steps", "20"}});
  EXPECT_EQ(cut.Admit(0)->total_steps, 20u);
  Fixture whole(23, 4, {{"epochs", "7"}, {"window", "2"}, {"max_steps", "22"}});
  EXPECT_EQ(whole.Admit(5)->total_steps, 21u);
}

TEST_F(EpochSourceTest, EndsAtAWindowBoundary) {
  Fixture fixture(23, 4, {{"window", "2"}, {"max_steps", "4"}});
  EXPECT_NE(fixture.Admit(6), nullptr);  // the second batch of the fourth step
  EXPECT_EQ(fixture.Admit(7), nullptr);
}

TEST_F(EpochSourceTest, AnEpochHasNoImageTwiceAndAnotherOrder) {
  Fixture fixture(23, 4, {{"epochs", "2"}});
  std::vector<uint64_t> order[2];
  for (uint64_t seq = 0; const auto batch = fixture.Admit(seq); ++seq) {
    for (const uint64_t id : fixture.Ids(*batch)) order[batch->epoch].push_back(id);
  }
  for (const auto& ids : order) {
    EXPECT_EQ(ids.size(), 20u);
    EXPECT_EQ(std::set<uint64_t>(ids.begin(), ids.end()).size(), 20u);
    for (const uint64_t id : ids) EXPECT_LT(id, 23u);
  }
  EXPECT_NE(order[0], order[1]);
}

TEST_F(EpochSourceTest, TheSeedSetsTheOrder) {
  auto first = [](const char* seed) {
    Fixture fixture(100, 50, {{"seed", seed}});
    return fixture.Ids(*fixture.Admit(0));
  };
  EXPECT_EQ(first("1"), first("1"));
  EXPECT_NE(first("1"), first("2"));
}

TEST_F(EpochSourceTest, GoesOnInMidEpochWithTheSameBatches) {
  const std::map<std::string, std::string> options = {{"epochs", "3"}, {"window", "2"}};
  Fixture whole(23, 4, options);  // 3 steps and 5 batches an epoch
  for (const auto& [steps, batches] : std::vector<std::pair<uint64_t, uint64_t>>{
           {0, 0}, {1, 2}, {2, 4}, {3, 5}, {4, 7}, {8, 14}, {9, 15}}) {
    auto resumed_options = options;
    resumed_options["start_step"] = std::to_string(steps);
    Fixture resumed(23, 4, resumed_options);
    for (uint64_t seq = 0; seq < 15 - batches; ++seq) {
      const auto batch = resumed.Admit(seq), same = whole.Admit(batches + seq);
      ASSERT_NE(batch, nullptr);
      EXPECT_EQ(batch->step, same->step);
      EXPECT_EQ(batch->in_window, same->in_window);
      EXPECT_EQ(resumed.Ids(*batch), whole.Ids(*same));
    }
    EXPECT_EQ(resumed.Admit(15 - batches), nullptr);
  }
  EXPECT_THROW(whole.source.Resume(10), DataError);
}

TEST_F(EpochSourceTest, RefusesADataSetSmallerThanABatch) {
  EXPECT_THAT(MessageOf<ConfigError>([] { Fixture(7, 8, {}); }),
              ::testing::AllOf(HasSubstr("7 images"),
                               HasSubstr("lower batch_size of 'stage', or give it more images with "
                                         "sample_images of 'dataset'")));
  Fixture(8, 8, {});
}

TEST_F(EpochSourceTest, FetchesTheImage) {
  Fixture fixture(10, 4, {});
  const auto batch = fixture.Admit(0);
  ImageSlot sample;
  sample.batch = batch.get();
  fixture.source.AdmitSample(sample);
  Worker worker;
  ASSERT_TRUE(fixture.source.Process(sample, worker).ok);
  EXPECT_EQ(sample.carried().encoded.bytes.size(), 8u * 8 * 3);
  EXPECT_EQ(sample.label, static_cast<int32_t>(sample.id % 10));
  EXPECT_EQ(sample.seed, 42u);
}

// Files 0.jpg, 1.jpg, …
void WriteFiles(const TempFolder& folder, int count) {
  for (int i = 0; i < count; ++i) folder.Write(std::to_string(i) + ".jpg", {1});
}

TEST_F(EpochSourceTest, ReportsAFileItCannotRead) {
  const TempFolder folder;
  WriteFiles(folder, 4);
  Fixture fixture(folder.path(), 4, {});
  const auto batch = fixture.Admit(0);
  std::filesystem::remove(folder / "2.jpg");
  Worker worker;
  int bad = 0;
  for (int row = 0; row < 4; ++row) {
    ImageSlot sample;
    sample.batch = batch.get();
    sample.row = row;
    fixture.source.AdmitSample(sample);
    const Outcome outcome = fixture.source.Process(sample, worker);
    if (!outcome.ok) {
      ++bad;
      EXPECT_EQ(fixture.dataset.ImageName(sample.id), "2.jpg");
      EXPECT_THAT(outcome.why, HasSubstr("cannot open it"));
    }
  }
  EXPECT_EQ(bad, 1);
}

// As the engine does for an image that could not be used.
void Replace(EpochSource& source, Sample& sample, const std::string& why) {
  sample.error = why;
  ++sample.attempt;
  source.Substitute(sample);
  sample.error.clear();
}

TEST_F(EpochSourceTest, SubstitutesDependOnThePlaceAndTheAttempt) {
  auto chain = [](uint64_t seq, int row) {
    Fixture fixture(1000, 4, {{"max_bad_fraction", "1"}});
    const auto batch = fixture.Admit(seq);
    ImageSlot sample;
    sample.batch = batch.get();
    sample.row = row;
    fixture.source.AdmitSample(sample);
    std::vector<uint64_t> ids;
    for (int attempt = 0; attempt < 5; ++attempt) {
      Replace(fixture.source, sample, "bad");
      ids.push_back(sample.id);
    }
    return ids;
  };
  const auto ids = chain(3, 1);
  EXPECT_EQ(ids, chain(3, 1));
  EXPECT_NE(ids, chain(3, 2));
  EXPECT_NE(ids, chain(253, 1));  // the same place of the next epoch
  EXPECT_EQ(std::set<uint64_t>(ids.begin(), ids.end()).size(), 5u);
}

TEST_F(EpochSourceTest, GivesUpWhenTooManyImagesAreBad) {
  Fixture fixture(200, 4, {{"max_bad_fraction", "0.02"}});  // 4 of 200
  ImageSlot sample;
  auto fail = [&](uint64_t id) {
    sample.attempt = 0;
    sample.id = id;
    Replace(fixture.source, sample, "damaged JPEG");
  };
  for (const uint64_t id : {1, 2, 3, 4, 4, 4, 1}) fail(id);  // the same ones count once
  const std::string message = MessageOf<DataError>([&] { fail(5); });
  EXPECT_THAT(message, HasSubstr("5 of 200 images (2.5 %)"));
  EXPECT_THAT(message, HasSubstr("picture 1 (striped disc): damaged JPEG"));
  EXPECT_THAT(message, HasSubstr("raise max_bad_fraction of 'under_test' from 2 %"));
  const auto bad = fixture.source.bad_images().List();
  ASSERT_EQ(bad.size(), 5u);
  EXPECT_EQ(bad[0].id, 1u);
  EXPECT_EQ(bad[0].why, "damaged JPEG");
}

TEST_F(EpochSourceTest, AFractionAllowsAtLeastOneAndZeroNone) {
  ImageSlot sample;
  Fixture some(20, 4, {{"max_bad_fraction", "0.001"}});
  Replace(some.source, sample, "bad");
  Fixture none(20, 4, {{"max_bad_fraction", "0"}});
  sample.attempt = 0;
  EXPECT_THROW(Replace(none.source, sample, "bad"), DataError);
}

TEST_F(EpochSourceTest, GivesUpOnAPlaceAfterSixteenSubstitutes) {
  Fixture fixture(5000, 4, {{"max_bad_fraction", "1"}});
  ImageSlot sample;
  for (int attempt = 1; attempt <= 16; ++attempt) Replace(fixture.source, sample, "bad");
  EXPECT_THAT(MessageOf<DataError>([&] { Replace(fixture.source, sample, "bad"); }),
              HasSubstr("16 replacements in a row could not be used either"));
}

// The lines that a source with a run directory logs about bad images.
class BadImagesOfARun : public EpochSourceTest {
 protected:
  BadImagesOfARun() : fixture_(200, 4, {{"max_bad_fraction", "0.5"}}) { Open(fixture_.source); }
  void Open(EpochSource& source) {
    Bind(run_dir_, {{"path", folder_.path()}, {"go_on", go_on_ ? "true" : "false"}});
    run_dir_.Open(TestContext());
    go_on_ = true;
    Bind(source, {{"max_bad_fraction", "0.5"}});
    source.Open(TestContext({{"dataset", &fixture_.dataset}, {"run_dir", &run_dir_}}, {.rows = 4}));
  }
  void SetUp() override {
    SetLogWriter([this](const std::string& line) { log_ += line + '\n'; });
  }
  std::string LogOf(const std::function<void()>& what) {
    log_.clear();
    what();
    return log_;
  }
  void Fail(uint64_t id) {
    ImageSlot sample;
    sample.id = id;
    Replace(fixture_.source, sample, "it is torn");
  }
  std::string csv() const { return folder_ / "bad_images.csv"; }

  const TempFolder folder_;
  bool go_on_ = false;
  RunDir run_dir_;
  Fixture fixture_;
  std::string log_;
};

TEST_F(BadImagesOfARun, NamesTheFirstFiveAndListsAll) {
  EXPECT_EQ(LogOf([&] { fixture_.source.Flush(); }), "");
  EXPECT_FALSE(std::filesystem::exists(csv()));
  EXPECT_THAT(
      LogOf([&] { Fail(31); }),
      HasSubstr(
          "an image cannot be used: picture 31 (halved ring): it is torn\n  It and any others "
          "are listed in " +
          csv()));
  EXPECT_EQ(LogOf([&] {
              for (const uint64_t id : {31, 1, 21, 11, 41, 51, 61}) Fail(id);
            }),
            "");

  const std::string end = LogOf([&] { fixture_.source.Flush(); });
  EXPECT_THAT(end, HasSubstr("7 of 200 images could not be used; others were trained on in their "
                             "place:\n  picture 1 (striped disc): it is torn\n  picture 11 "
                             "(rimmed ring): it is torn\n"));
  EXPECT_THAT(end, HasSubstr("\n  … and 2 more: see " + csv()));
  EXPECT_THAT(end, Not(HasSubstr("picture 51")));
  std::string rows = "name,reason,found_by\n";
  for (const char* image : {"31 (halved ring)", "1 (striped disc)", "21 (disc)", "11 (rimmed ring)",
                            "41 (banded cross)", "51 (checked ring)", "61 (quartered cross)"}) {
    rows += "picture " + std::string(image) + ",it is torn,training\n";
  }
  EXPECT_EQ(ReadText(csv()), rows);
}

TEST_F(BadImagesOfARun, WhenItGoesOnNoneIsListedTwice) {
  Fail(11);
  EpochSource resumed;
  run_dir_.~RunDir();
  new (&run_dir_) RunDir;
  Open(resumed);
  ImageSlot sample;
  sample.id = 11;
  EXPECT_EQ(LogOf([&] { Replace(resumed, sample, "it is torn"); }), "");
  sample.id = 21;
  Replace(resumed, sample, "it is gone");
  EXPECT_EQ(ReadText(csv()),
            "name,reason,found_by\npicture 11 (rimmed ring),it is torn,training\n"
            "picture 21 (disc),it is gone,training\n");
}

TEST_F(BadImagesOfARun, TooManyAreAnErrorThatSaysWhereTheyAreListed) {
  for (uint64_t id = 0; id < 100; ++id) Fail(id);
  const std::string message = MessageOf<DataError>([&] { Fail(100); });
  EXPECT_THAT(message, HasSubstr("101 of 200 images (50.5 %) cannot be used"));
  EXPECT_THAT(message, HasSubstr("… and 96 more: see " + csv()));
  EXPECT_EQ(ReadLines(csv()).size(), 102u);
}

TEST_F(EpochSourceTest, SaysAtTheEndWhatCouldNotBeUsed) {
  Fixture fixture(200, 4, {{"max_bad_fraction", "0.5"}});
  std::string log;
  SetLogWriter([&](const std::string& line) { log += line; });
  fixture.source.Flush();
  EXPECT_EQ(log, "");
  ImageSlot sample;
  sample.id = 11;
  Replace(fixture.source, sample, "it is torn");
  log.clear();
  fixture.source.Flush();
  EXPECT_THAT(log, HasSubstr("1 of 200 images could not be used"));
  EXPECT_THAT(log, testing::EndsWith("\n  picture 11 (rimmed ring): it is torn"))
      << "there is no file";
}

// A packed file brings the list of what was left out of it.
TEST_F(EpochSourceTest, WhatWasLeftOutOfAPackedFileIsLeftOutOfTheRun) {
  const TempFolder folder;
  PackOptions pack;
  pack.max_bad_fraction = 1;
  for (int i = 0; i < 4; ++i) {
    folder.Write("photos/" + std::to_string(i) + ".jpg", WriteJpeg(SmoothImage(16, 16, 3)));
  }
  folder.Write("photos/bad.jpg", "torn");
  PackImages(*OpenFolder(folder / "photos"), folder / "set.ftpack", pack);
  DatasetOptions packed;
  packed.kind = DatasetKind::kPacked;
  packed.root = folder / "set.ftpack";
  ImageDataset dataset;
  dataset.Open(packed);
  RunDir run_dir;
  Bind(run_dir, {{"path", folder / "run"}});
  run_dir.Open(TestContext());
  EpochSource source;
  Bind(source, {});
  source.Open(TestContext({{"dataset", &dataset}, {"run_dir", &run_dir}}, {.rows = 4}));
  std::string log;
  SetLogWriter([&](const std::string& line) { log += line; });
  source.Start();
  EXPECT_THAT(log, HasSubstr("1 file is left out of the data set:\n  bad.jpg: "));
  EXPECT_THAT(ReadText(folder / "run/bad_images.csv"),
              testing::MatchesRegex("name,reason,found_by\nbad.jpg,.*,pack\n"));
  log.clear();
  source.Start();
  EXPECT_EQ(log, "");
}

TEST(BadImages, CountsEachImageOnceFromAnyThread) {
  BadImages bad("training");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&bad] {
      for (uint64_t id = 0; id < 200; ++id) bad.Add({id, "name", "why"});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(bad.count(), 200u);
  EXPECT_EQ(bad.List().size(), 200u);
}

}  // namespace
}  // namespace flowtrain
