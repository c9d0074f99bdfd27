#include "tools/measure/loader_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace flowtrain {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

LoaderFigures Run(double seconds, uint64_t images, double cpu_s) {
  LoaderFigures run;
  run.seconds = seconds;
  run.images = images;
  run.cpu_s = cpu_s;
  run.nodes = {{"source", 2.0}, {"augment", 300.0}};
  return run;
}

LoaderReport Report() {
  LoaderReport report;
  report.graph = "graphs/simclr.yaml";
  report.dataset = "STL-10";
  report.sides = {96, 96};
  report.batch_size = 128;
  report.workers = 2;
  report.cores = 4;
  report.times.seconds = 2;
  report.runs = {Run(2, 2000, 4), Run(2, 1000, 2), Run(2, 3000, 4)};
  report.engine = {{{200, 200}, {190, 180}}};
  return report;
}

TEST(LoaderReport, JsonHasTheMediansOfTheRuns) {
  const auto json = nlohmann::json::parse(LoaderReportJson(Report()));
  EXPECT_EQ(json["images_per_s"], 1000.0);
  EXPECT_EQ(json["views_per_s"], 2000.0);
  EXPECT_EQ(json["views_per_s_spread"]["low"], 1000.0);
  EXPECT_EQ(json["views_per_s_spread"]["high"], 3000.0);
  EXPECT_EQ(json["views_per_s_per_core"], 1000.0);  // two workers keep two cores busy at most
  EXPECT_EQ(json["views_per_cpu_s"], 1000.0);
  EXPECT_EQ(json["cores"], 4);
  EXPECT_EQ(json["cores_used"], 2.0);
  EXPECT_EQ(json["workers"], 2);
  EXPECT_EQ(json["view_size"], 96);
  EXPECT_EQ(json["view_sizes"], nlohmann::json({96, 96}));
  EXPECT_EQ(json["dataset"], "STL-10");
  EXPECT_EQ(json["seconds"], 2.0);
  EXPECT_EQ(json["repeats"], 3);
  EXPECT_EQ(json["nodes"]["augment"]["us_per_image"], 300.0);
  EXPECT_NEAR(json["engine_share"], 0.05, 1e-12);
  EXPECT_NEAR(json["engine_cpu_share"], 0.1, 1e-12);
  EXPECT_FALSE(json.contains("device_busy"));
}

TEST(LoaderReport, CountsAllViewsOfAnImageWhateverTheirSizes) {
  LoaderReport report = Report();
  report.sides = {96, 96, 36, 36, 36, 36, 36, 36};
  const auto json = nlohmann::json::parse(LoaderReportJson(report));
  EXPECT_EQ(json["images_per_s"], 1000.0);
  EXPECT_EQ(json["views_per_s"], 8000.0);
  EXPECT_EQ(json["views_per_s_spread"]["low"], 4000.0);
  EXPECT_EQ(json["views_per_s_per_core"], 4000.0);
  EXPECT_EQ(json["views_per_cpu_s"], 4000.0);
  EXPECT_TRUE(json["view_size"].is_null());
  EXPECT_EQ(json["view_sizes"], nlohmann::json(report.sides));
  EXPECT_EQ(json["nodes"]["augment"]["us_per_image"], 300.0);
  const std::string text = LoaderReportText(report);
  EXPECT_THAT(text, HasSubstr("2 of 96 x 96 and 6 of 36 x 36 pixels, 8 an image"));
  EXPECT_THAT(text, ContainsRegex("augment +37.50 +300.00"));
  EXPECT_THAT(text, ContainsRegex("views/s +8000"));
}

TEST(LoaderReport, JsonSaysWhatWasNotMeasured) {
  LoaderReport report = Report();
  report.engine.clear();
  EXPECT_TRUE(nlohmann::json::parse(LoaderReportJson(report))["engine_share"].is_null());
  EXPECT_THAT(LoaderReportText(report), Not(HasSubstr("engine")));
}

TEST(LoaderReport, TellsOfTheDevice) {
  LoaderReport report = Report();
  report.device_rate = 1500;
  for (LoaderFigures& run : report.runs) run.device_busy = 0.75;
  const auto json = nlohmann::json::parse(LoaderReportJson(report));
  EXPECT_EQ(json["device_rate"], 1500.0);
  EXPECT_EQ(json["device_busy"], 0.75);
  EXPECT_THAT(LoaderReportText(report), HasSubstr("75.0%"));
  EXPECT_THAT(LoaderReportText(report), HasSubstr("1500 images/s"));
}

TEST(LoaderReport, TextNamesUnitsAndWhatIsCompared) {
  const std::string text = LoaderReportText(Report());
  for (const char* part :
       {"STL-10", "96 x 96 pixels", "views/s ", "2000", "(1000 to 3000)", "us a view",
        "share of the engine", "5.0%", "one worker on one core", "median of 3 runs of 2.0 s"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

}  // namespace
}  // namespace flowtrain
