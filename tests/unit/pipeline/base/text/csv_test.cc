#include "pipeline/base/text/csv.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace flowtrain {
namespace {

using Record = std::vector<std::string>;

TEST(Csv, QuotesWhatNeedsIt) {
  EXPECT_EQ(CsvField("plain name.jpg"), "plain name.jpg");
  EXPECT_EQ(CsvField("a,b"), R"("a,b")");
  EXPECT_EQ(CsvField(R"(12" disc)"), R"("12"" disc")");
  EXPECT_EQ(CsvField("a\nb"), "\"a\nb\"");
  EXPECT_EQ(CsvField(""), "");
}

TEST(Csv, ReadsBackWhatItWrote) {
  const Record fields = {"", "a,b", R"(""quoted"")", "two\nlines\r\n", "\xC3\xA4"};
  std::string line;
  for (const std::string& field : fields) line += (line.empty() ? "," : ",") + CsvField(field);
  EXPECT_EQ(ReadCsv(line.substr(1) + '\n'), std::vector<Record>{fields});
}

TEST(Csv, TakesEitherLineBreakAndLeavesOutARecordWithoutOne) {
  EXPECT_EQ(ReadCsv("a,b\r\nc,d\ne,"), (std::vector<Record>{{"a", "b"}, {"c", "d"}}));
  EXPECT_EQ(ReadCsv("a\n\"b\nc"), (std::vector<Record>{{"a"}}));
  EXPECT_TRUE(ReadCsv("").empty());
}

}  // namespace
}  // namespace flowtrain
