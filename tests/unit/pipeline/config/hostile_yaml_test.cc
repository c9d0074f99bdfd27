// Graphs and configurations that no one writes in good faith: each is a clear error, at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "pipeline/config/config.h"
#include "pipeline/graph/graph_def.h"
#include "pipeline/graph/graph_file.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/registry.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string Times(size_t count, const std::string& text) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string ListOf(size_t count, const std::string& item) {
  std::string list = "[";
  list.append(Times(count, item)).append("]");
  return list;
}

TEST(HostileYaml, AnAliasBombIsRefusedUnopened) {
  std::string text = "a: &a [x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'i'; ++name) {
    const std::string own(1, name), before(1, static_cast<char>(name - 1));
    text.append(own).append(": &").append(own).append(" [");
    for (int i = 0; i < 9; ++i) text.append("*").append(before).append(", ");
    text += "]\n";
  }
  EXPECT_THAT(FindingsInYaml(text),
              Contains("f.yaml:2:8: aliases (*name) are not supported: write the "
                       "value out"));
}

TEST(HostileYaml, DepthIsBounded) {
  for (const char* open : {"[", "{a: ", "- "}) {
    const std::string deep = Times(200'000, open);
    EXPECT_THAT(FindingsInYaml(deep), ElementsAre(HasSubstr("more than 50 lists and maps")));
  }
  EXPECT_THAT(FindingsInYaml(Times(49, "[") + Times(49, "]")), IsEmpty());
}

TEST(HostileYaml, KeysAreBounded) {
  EXPECT_THAT(FindingsInYaml("? " + Times(257, "k") + "\n: 1\n"),
              ElementsAre("f.yaml:1:3: a key of more than 256 bytes"));
  EXPECT_THAT(FindingsInYaml(Times(256, "k") + ": 1\n"), IsEmpty());
}

TEST(HostileYaml, AnEscapeThatMakesNoTextIsRefused) {
  EXPECT_THAT(
      FindingsInYaml("a: 1\nb: \"x\\Ny\"\n"),
      ElementsAre("f.yaml:2:4: an escape that is not supported: write the character itself"));
  EXPECT_THAT(FindingsInYaml("\"\\_\": 1\n"), ElementsAre(HasSubstr("f.yaml:1:1: an escape")));
  EXPECT_EQ(ReadYaml("a: \"\\L\\xe9\"\n", "f").Find("a")->scalar, "\xE2\x80\xA8\xC3\xA9");
}

TEST(HostileYaml, TheNumberOfValuesIsBounded) {
  EXPECT_THAT(FindingsInYaml(ListOf(200'000, "a,")),
              ElementsAre(HasSubstr("more than 10000 values")));
  std::string keys;
  for (int i = 0; i < 100'000; ++i) keys += std::to_string(i) + ": 1\n";
  EXPECT_THAT(FindingsInYaml(keys), ElementsAre(StartsWith("f.yaml:5000:")));
}

TEST(HostileYaml, OnlyUtf8IsText) {
  EXPECT_THAT(FindingsInYaml("a: 1\nb: caf\xE9\n"),
              ElementsAre("f.yaml:2:7: this is not UTF-8: save the file as UTF-8"));
  for (const char* bad :
       {"\x80", "\xC0\xAF", "\xC1\x81", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC3", "\xE2\x82", "\xF0\x9F\x92", "\xFF\xFE"}) {
    EXPECT_THAT(FindingsInYaml(std::string("a: x") + bad), ElementsAre(HasSubstr("not UTF-8")));
  }
  for (const char* good : {"\xC3\xA9", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xE2\x82\xAC", "\xF0\x9F\x92\xA1", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(ReadYaml(std::string("a: x") + good, "f").Find("a")->scalar, std::string("x") + good);
  }
}

TEST(HostileYaml, NulAndControlCharactersAreRefusedEvenEscaped) {
  const std::string nul("a: x\0y\n", 7);
  EXPECT_THAT(FindingsInYaml(nul),
              ElementsAre("f.yaml:1:5: control character: this is not a text file"));
  for (const char* escaped : {"a: \"x\\0y\"", "a: \"\\e[2J\"", "a: \"\\x07\""}) {
    EXPECT_THAT(FindingsInYaml(escaped), ElementsAre(HasSubstr("f.yaml:1:4: control character")));
  }
  EXPECT_THAT(FindingsInYaml("a: \"x\\ty\\n\""), IsEmpty());
  const std::string utf16("\xFE\xFF\0a\0:\0 \0001", 10);
  EXPECT_THAT(FindingsInYaml(utf16), SizeIs(1));
}

TEST(HostileYaml, NumbersThatAreNoneAreNoNumbers) {
  for (const char* text : {"99999999999999999999", "-9223372036854775809", "1e3", "0x10", ".nan",
                           "nan", "inf", "1 000", "1_000", "٣", "\"3\""}) {
    int64_t number = 0;
    EXPECT_FALSE(Read(ReadYaml(text, "f"), number)) << text;
  }
  for (const char* text : {"nan", ".nan", "inf", "-inf", ".inf", "infinity", "1e999", "-1e999"}) {
    double number = 0;
    float small = 0;
    EXPECT_FALSE(Read(ReadYaml(text, "f"), number)) << text;
    EXPECT_FALSE(Read(ReadYaml(text, "f"), small)) << text;
  }
  float small = 0;
  EXPECT_FALSE(Read(ReadYaml("1e300", "f"), small));
  int narrow = 0;
  EXPECT_FALSE(Read(ReadYaml("2147483648", "f"), narrow));
}

TEST(HostileYaml, AKeyOfManyDotsIsRefused) {
  Config config(ReadYaml("a: {b: 1}", "c.yaml"));
  EXPECT_THAT(FindingsOf([&] { config.Set(Times(100'000, "a.") + "b=1"); }),
              ElementsAre(AllOf(HasSubstr("has more than 10 dots"), SizeIs(::testing::Lt(300u)))));
  EXPECT_THAT(FindingsOf([&] { config.Overlay(ReadYaml(Times(11, "a.") + "b: 1", "o.yaml")); }),
              ElementsAre(StartsWith("o.yaml:1:1: the key 'a.a.")));
}

TEST(HostileYaml, AVeryLongKeyIsAnUnknownOne) {
  Config config(ReadYaml("a: {b: 1}", "c.yaml"));
  config.Set(Times(500'000, "x") + "=1");
  EXPECT_THAT(FindingsOf([&] { config.Check({}); }), SizeIs(1));
}

class HostileFileTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_ / name; }
  std::string Write(const std::string& name, const std::string& text) const {
    return folder_.Write(name, text);
  }
  // Without the path.
  static std::string Message(const std::string& path) {
    const auto findings = FindingsOf([&] { ReadGraphFile(path); });
    EXPECT_THAT(findings, ElementsAre(StartsWith(path + ": cannot be read: ")));
    EXPECT_EQ(findings, FindingsOf([&] { Config{path}; }));
    return findings.empty() ? "" : findings[0].substr(path.size() + 18);
  }

  const TempFolder folder_;
};

TEST_F(HostileFileTest, WhatIsNoFileIsRefusedAndNotWaitedFor) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  fs::create_symlink("loop", Path("loop"));
  fs::create_symlink("/dev/zero", Path("link"));
  EXPECT_EQ(Message(Path("fifo")), "it is not a regular file");
  EXPECT_EQ(Message("/dev/zero"), "it is not a regular file");
  EXPECT_EQ(Message(Path("link")), "it is not a regular file");
  EXPECT_EQ(Message(folder_.path()), "it is a folder");
  EXPECT_EQ(Message(Path("loop")), "Too many levels of symbolic links");
  EXPECT_EQ(Message(Path("none")), "No such file or directory");
  EXPECT_EQ(Message(Path("") + std::string(5000, 'x')), "File name too long");
}

TEST_F(HostileFileTest, AGiganticFileIsNotRead) {
  Write("giant.yaml", "");
  fs::resize_file(Path("giant.yaml"), uint64_t{1} << 40);  // without a byte on the disk
  EXPECT_EQ(Message(Path("giant.yaml")), "it has 1099511627776 bytes, more than 1048576");
}

TEST_F(HostileFileTest, FilesThatExtendEachOtherInALongChainAreRefused) {
  for (int i = 0; i < 30; ++i) {
    Write(std::to_string(i) + ".yaml", "extends: " + std::to_string(i + 1) + ".yaml\n");
  }
  EXPECT_THAT(FindingsOf([&] { ReadGraphFile(Path("0.yaml")); }),
              ElementsAre(HasSubstr("19.yaml:1:10: more than 20 files extend one another")));
}

TEST_F(HostileFileTest, AFileThatExtendsAFifoOrItselfIsRefused) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  const std::string a = Write("a.yaml", "extends: fifo\n");
  EXPECT_THAT(FindingsOf([&] { ReadGraphFile(a); }),
              ElementsAre(AllOf(StartsWith(a + ":1:10: "), HasSubstr("there is no graph file"))));
  const std::string b =
      Write("b.yaml", "extends: ./../" + fs::path(folder_.path()).filename().string() + "/b.yaml");
  EXPECT_THAT(FindingsOf([&] { ReadGraphFile(b); }), ElementsAre(HasSubstr("extends itself")));
}

// A list of many values, in a graph that takes it many times.
TEST_F(HostileFileTest, WhatParametersMakeOfAGraphIsBounded) {
  const std::string config = "l: " + ListOf(8000, "a,") + "\nt: " + Times(100'000, "t");
  for (const char* reference : {"${l},", "x${t},"}) {
    const Value graph = ReadYaml("graph: g\nnodes: " + ListOf(5000, reference), "g.yaml");
    const Config parameters(ReadYaml(config, "c.yaml"));
    EXPECT_THAT(FindingsOf([&] { LoadGraph(graph, parameters, Registry()); }),
                Contains(HasSubstr("the parameters that are filled in come to more than 16 MiB")));
  }
}

}  // namespace
}  // namespace flowtrain
