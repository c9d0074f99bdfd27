#include "tools/timing/html_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace flowtrain {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// What stands between the tags of the page's data.
std::string Data(const std::string& page) {
  const std::string open = "<script type=\"application/json\" id=\"timing\">";
  const size_t begin = page.find(open) + open.size();
  return page.substr(begin, page.find("</script>", begin) - begin);
}

size_t Count(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST(TimingPage, HoldsTheTimingAsItIs) {
  const json timing = {{"graph", "simclr"}, {"images", 12345}, {"nodes", {{{"name", "decode"}}}}};
  const std::string page = TimingPage(timing);
  EXPECT_THAT(page, StartsWith("<!DOCTYPE html>"));
  EXPECT_EQ(json::parse(Data(page)), timing);
}

TEST(TimingPage, NoNameEndsTheElementThatHoldsIt) {
  const json timing = {{"graph", "</script><img src=x onerror=alert(1)><!--<script>"},
                       {"file", "/*script*/"}};
  const std::string page = TimingPage(timing);
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_EQ(Count(page, "<script"), 2u);
  EXPECT_EQ(Count(page, "</script>"), 2u);
  EXPECT_EQ(json::parse(Data(page)), timing);
}

TEST(TimingPage, TextThatIsNotUtf8IsNoError) {
  EXPECT_EQ(json::parse(Data(TimingPage({{"graph", "\xff"}})))["graph"], "\xEF\xBF\xBD");
}

TEST(TimingPage, IsSmallAndAsksForNothing) {
  const std::string page = TimingPage(json::object());
  EXPECT_LT(page.size(), 50'000u);
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("https:")));
  EXPECT_THAT(page, Not(HasSubstr("innerHTML")));
}

}  // namespace
}  // namespace flowtrain
