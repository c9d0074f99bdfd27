#include "pipeline/config/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "pipeline/config/yaml_write.h"
#include "tests/support/errors.h"
#include "tests/support/files.h"

namespace flowtrain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Value Scalar(const std::string& text) { return ReadYaml(text, "f.yaml"); }

TEST(ReadYaml, KeepsPlacesFromOne) {
  const Value root = ReadYaml("a: 1\nb:\n  c: [x, yy]\n", "f.yaml");
  ASSERT_EQ(root.kind, Value::Kind::kMap);
  const Value* c = root.Find("b")->Find("c");
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(root.Find("a")->at.ToString(), "f.yaml:1:4");
  EXPECT_EQ(root.entries[1].at.ToString(), "f.yaml:2:1");
  EXPECT_EQ(c->items[1].at.ToString(), "f.yaml:3:10");
  EXPECT_EQ(root.Find("nothing"), nullptr);
}

TEST(ReadYaml, KeepsTheOrderOfMaps) {
  const Value root = ReadYaml("z: 1\na: 2\nm: 3\n", "f");
  EXPECT_EQ(root.entries[0].key + root.entries[1].key + root.entries[2].key, "zam");
}

TEST(ReadYaml, TakesReferencesInFlowMapsAndKeepsColumnsRight) {
  const Value root = ReadYaml("n: {type: X, workers: ${data.num_workers}, after: 1}\n", "f");
  const Value* node = root.Find("n");
  ASSERT_THAT(node->entries, SizeIs(3));
  EXPECT_EQ(node->Find("workers")->scalar, "${data.num_workers}");
  EXPECT_EQ(node->Find("workers")->at.column, 23);
  EXPECT_EQ(node->entries[2].at.column, 44);
}

TEST(ReadYaml, TakesReferencesInListsAndText) {
  const Value root = ReadYaml("l: [${a}, x${b}y]\nq: \"${a}\"\nk: ${a}/b\n", "f");
  EXPECT_EQ(root.Find("l")->items[0].scalar, "${a}");
  EXPECT_EQ(root.Find("l")->items[1].scalar, "x${b}y");
  EXPECT_EQ(root.Find("q")->scalar, "${a}");
  EXPECT_TRUE(root.Find("q")->quoted);
  EXPECT_EQ(root.Find("k")->scalar, "${a}/b");
}

TEST(ReadYaml, TellsQuotedFromPlain) {
  const Value root = ReadYaml("a: 6\nb: \"6\"\nc: '6'\nd: |\n  6\n", "f");
  EXPECT_FALSE(root.Find("a")->quoted);
  EXPECT_TRUE(root.Find("b")->quoted);
  EXPECT_TRUE(root.Find("c")->quoted);
  EXPECT_TRUE(root.Find("d")->quoted);
}

TEST(ReadYaml, ReadsNothingAsNull) {
  EXPECT_EQ(ReadYaml("", "f").kind, Value::Kind::kNull);
  EXPECT_EQ(ReadYaml("# a comment\n", "f").kind, Value::Kind::kNull);
  const Value root = ReadYaml("a:\nb: null\nc: ~\nd: ''\n", "f");
  EXPECT_EQ(root.Find("a")->kind, Value::Kind::kNull);
  EXPECT_EQ(root.Find("a")->at.line, 1);
  EXPECT_EQ(root.Find("b")->kind, Value::Kind::kNull);
  EXPECT_EQ(root.Find("a")->scalar, "");
  EXPECT_EQ(root.Find("b")->scalar, "null");
  EXPECT_EQ(root.Find("b")->at.ToString(), "f:2:4");
  EXPECT_EQ(root.Find("c")->scalar, "~");
  EXPECT_EQ(root.Find("c")->kind, Value::Kind::kNull);
  EXPECT_EQ(root.Find("d")->kind, Value::Kind::kScalar);
}

TEST(ReadYaml, RefusesEveryRepeatedKeyAtOnce) {
  EXPECT_THAT(FindingsInYaml("a: 1\nb: {x: 1, x: 2}\na: 3\n"),
              ElementsAre("f.yaml:2:11: key 'x' stands twice in this map (first in line 2)",
                          "f.yaml:3:1: key 'a' stands twice in this map (first in line 1)"));
}

TEST(ReadYaml, RefusesWhatItDoesNotSupport) {
  EXPECT_THAT(FindingsInYaml("a: &x 1\nb: *x\n"),
              ElementsAre(HasSubstr("f.yaml:1:4: anchors"), HasSubstr("f.yaml:2:4: aliases")));
  EXPECT_THAT(FindingsInYaml("<<: {a: 1}\n"), ElementsAre(HasSubstr("f.yaml:1:1: merge keys")));
  EXPECT_THAT(FindingsInYaml("a: !!str 1\n"), ElementsAre(HasSubstr("tags")));
  EXPECT_THAT(FindingsInYaml("? [a, b]\n: 1\n"), ElementsAre(HasSubstr("a key must be text")));
  EXPECT_THAT(FindingsInYaml("a: 1\n---\nb: 2\n"),
              ElementsAre("f.yaml:2:1: a second YAML document begins here: a file holds one"));
  EXPECT_THAT(FindingsInYaml("a: 1\nb: \x02\n"),
              ElementsAre("f.yaml:2:4: control character: this is not a "
                          "text file"));
}

TEST(ReadYaml, NamesThePlaceOfBadSyntax) {
  EXPECT_THAT(FindingsInYaml("a: 1\nb: [1, 2\nc: 3\n"), ElementsAre(HasSubstr("not valid YAML")));
  EXPECT_THAT(FindingsInYaml("a: {b: 1\n"), ElementsAre(HasSubstr("f.yaml:2:1: not valid YAML")));
}

TEST(ReadYaml, CallsATabATab) {
  const std::string what =
      "a tab in the indentation: YAML takes spaces alone, put spaces in its place";
  EXPECT_THAT(FindingsInYaml("train:\n\tepochs: 3\n"), ElementsAre("f.yaml:2:1: " + what));
  EXPECT_THAT(FindingsInYaml("train:\n  epochs: 3\n\tseed: 4\n"),
              ElementsAre("f.yaml:3:1: " + what));
  EXPECT_THAT(FindingsInYaml("train:\n  epochs: 3\n \tseed: 4\n"),
              ElementsAre("f.yaml:3:2: " + what));
  EXPECT_THAT(FindingsInYaml("\ta: 1\r\n"), ElementsAre("f.yaml:1:1: " + what));
  EXPECT_EQ(ReadYaml("a:\t1\t# b\n", "f").Find("a")->scalar, "1");
}

TEST(ReadYaml, CallsAWrongIndentationThat) {
  const std::string end = "; keys of one group begin in the same column";
  EXPECT_THAT(FindingsInYaml("train:\n  epochs: 3\n   seed: 4\n"),
              ElementsAre("f.yaml:3:4: wrong indentation: this line begins with 3 spaces, line 2 "
                          "above it with 2" +
                          end));
  EXPECT_THAT(FindingsInYaml("train:\n   epochs: 3\n\n  # x\n  seed: 4\n"),
              ElementsAre("f.yaml:5:3: wrong indentation: this line begins with 2 spaces, line 2 "
                          "above it with 3" +
                          end));
  EXPECT_THAT(FindingsInYaml("train: 3\n  epochs: 3\n"),
              ElementsAre(HasSubstr("f.yaml:2:3: wrong ind")));
  // yaml-cpp would take what follows for another document, and the first for the whole.
  EXPECT_THAT(FindingsInYaml(" train:\n  epochs: 3\ndata:\n  root: x\n"),
              ElementsAre(HasSubstr("f.yaml:3:1: wrong indentation")));
}

TEST(ReadYaml, SaysWhatIsWrongWithALine) {
  EXPECT_THAT(FindingsInYaml("a: b: c\n"),
              ElementsAre(HasSubstr("f.yaml:1:5: not valid YAML: a second ': '")));
  EXPECT_THAT(FindingsInYaml("a:1\nb: 2\n"),
              ElementsAre(HasSubstr("f.yaml:1:1: not valid YAML: this line is not 'key: value'")));
  EXPECT_THAT(FindingsInYaml("a: [x\n"), ElementsAre(HasSubstr("this '[' is not closed")));
  EXPECT_THAT(FindingsInYaml("a: \"x\n"),
              ElementsAre(HasSubstr("f.yaml:1:4: not valid YAML: this quote is not closed")));
  EXPECT_THAT(
      FindingsInYaml("a: @x\n"),
      ElementsAre("f.yaml:1:4: not valid YAML: '@' cannot begin a value: put the value in quotes"));
  EXPECT_THAT(FindingsInYaml("a: 'x\nb: 2\n"),
              ElementsAre(HasSubstr("f.yaml:1:4: not valid YAML: this quote is not closed")));
  EXPECT_EQ(ReadYaml("a: 'it''s \"'\nb: \"\\\" '\"\nc: |\n  \"\n", "f").Find("b")->scalar, "\" '");
  EXPECT_THAT(FindingsInYaml("%a: 1\nb: 2\n"),
              ::testing::Contains(HasSubstr("f.yaml:1:1: '%' cannot begin a line")));
  EXPECT_THAT(FindingsInYaml("%YAML 1.2\n---\na: 1\n"),
              ElementsAre("f.yaml:1:1: a YAML directive has no effect here: leave this line out"));
}

TEST(ReadYaml, TakesAByteOrderMark) {
  const Value root = ReadYaml(
      "\xEF\xBB\xBF"
      "a: ~\r\nb: 2\r\n",
      "f");
  EXPECT_EQ(root.Find("b")->scalar, "2");
  EXPECT_EQ(root.entries[0].at.ToString(), "f:1:1");
  EXPECT_EQ(root.Find("a")->scalar, "~");
}

TEST(ReadYaml, TakesWindowsLineEnds) {
  const Value root = ReadYaml("a: 1\r\nb: two\r\n", "f");
  EXPECT_EQ(root.Find("b")->scalar, "two");
  EXPECT_EQ(root.Find("b")->at.line, 2);
}

TEST(ReadYamlFile, SaysWhyAFileCannotBeRead) {
  EXPECT_THAT(FindingsOf([] { ReadYamlFile("no/such/file.yaml"); }),
              ElementsAre("no/such/file.yaml: cannot be read: No such file or directory"));
  EXPECT_THAT(FindingsOf([] { ReadYamlFile("/"); }), ElementsAre(HasSubstr("cannot be read")));
}

TEST(ReadYamlFile, ReadsTheFilesThatShip) {
  for (const char* folder : {"graphs", "configs"}) {
    int files = 0;
    for (const auto& file : std::filesystem::directory_iterator(SourceFolder() / folder)) {
      if (file.is_directory()) continue;  // configs/tuned, of this machine
      const Value root = ReadYamlFile(file.path().string());
      EXPECT_EQ(root.kind, Value::Kind::kMap) << file.path();
      ++files;
    }
    EXPECT_GT(files, 0) << folder;
  }
}

TEST(Read, TakesWholeNumbersAlone) {
  int64_t wide = 0;
  EXPECT_TRUE(Read(Scalar("-9223372036854775808"), wide));
  EXPECT_EQ(wide, std::numeric_limits<int64_t>::min());
  EXPECT_FALSE(Read(Scalar("9223372036854775808"), wide));
  int out = 7;
  for (const char* text : {"six", "6.0", "6x", "1e3", "0x10", "\"6\"", "", "[6]", "2147483648"}) {
    EXPECT_FALSE(Read(Scalar(text), out)) << text;
  }
  EXPECT_EQ(out, 7) << "a failed read leaves the value alone";
  EXPECT_TRUE(Read(Scalar("2147483647"), out));
  EXPECT_EQ(out, 2147483647);
}

TEST(Read, TakesFiniteNumbersAlone) {
  double out = 7;
  for (const char* text : {"nan", ".nan", "inf", "-inf", ".inf", "1e999", "0.5.1", "'0.5'", "x"}) {
    EXPECT_FALSE(Read(Scalar(text), out)) << text;
  }
  EXPECT_EQ(out, 7);
  EXPECT_TRUE(Read(Scalar("5.0e-4"), out));
  EXPECT_DOUBLE_EQ(out, 5e-4);
  EXPECT_TRUE(Read(Scalar("3"), out));
  EXPECT_DOUBLE_EQ(out, 3);
  float narrow = 0;
  EXPECT_TRUE(Read(Scalar("0.1"), narrow));
  EXPECT_EQ(narrow, 0.1f);
  EXPECT_FALSE(Read(Scalar("1e39"), narrow));
}

TEST(Read, TakesTrueAndFalseAlone) {
  bool out = false;
  EXPECT_TRUE(Read(Scalar("true"), out));
  EXPECT_TRUE(out);
  for (const char* text : {"yes", "True", "1", "'true'", "on"}) {
    EXPECT_FALSE(Read(Scalar(text), out)) << text;
  }
}

TEST(Read, TakesTextAndLists) {
  std::string text;
  EXPECT_TRUE(Read(Scalar("6"), text));
  EXPECT_EQ(text, "6");
  EXPECT_TRUE(Read(Scalar("''"), text));
  EXPECT_EQ(text, "");
  EXPECT_FALSE(Read(Scalar("null"), text));
  EXPECT_FALSE(Read(Scalar("[a]"), text));
  std::vector<std::string> names;
  EXPECT_TRUE(Read(Scalar("[train, unlabeled]"), names));
  EXPECT_THAT(names, ElementsAre("train", "unlabeled"));
  EXPECT_TRUE(Read(Scalar("train"), names));
  EXPECT_THAT(names, ElementsAre("train"));
  EXPECT_TRUE(Read(Scalar("[]"), names));
  EXPECT_THAT(names, SizeIs(0));
  EXPECT_FALSE(Read(Scalar("[a, [b]]"), names));
  std::vector<double> numbers;
  EXPECT_TRUE(Read(Scalar("[0.2, 1]"), numbers));
  EXPECT_THAT(numbers, ElementsAre(0.2, 1.0));
  EXPECT_FALSE(Read(Scalar("[0.2, x]"), numbers));
  EXPECT_FALSE(Read(Scalar("0.2"), numbers));
}

TEST(ToString, ShowsAValueOnOneLine) {
  EXPECT_EQ(Scalar("six").ToString(), "six");
  EXPECT_EQ(Scalar("\"6\"").ToString(), "\"6\"");
  EXPECT_EQ(Scalar("{a: [1, two], b: {c: null}}").ToString(), "{a: [1, two], b: {c: null}}");
}

// Equal but for places.
bool Same(const Value& a, const Value& b) {
  if (a.kind != b.kind || a.scalar != b.scalar || a.items.size() != b.items.size() ||
      a.entries.size() != b.entries.size()) {
    return false;
  }
  for (size_t i = 0; i < a.items.size(); ++i) {
    if (!Same(a.items[i], b.items[i])) return false;
  }
  for (size_t i = 0; i < a.entries.size(); ++i) {
    if (a.entries[i].key != b.entries[i].key) return false;
    if (!Same(a.entries[i].value, b.entries[i].value)) return false;
  }
  return true;
}

TEST(ToBlockYaml, ReadsBackAsTheSameValues) {
  const std::vector<std::string> scalars = {
      "plain", "a b",   "",      " x",          "x ",        "a: b", "a:",    "#x",
      "a #b",  "- a",   "-",     "-1",          "--",        "[a]",  "{a}",   "a,b",
      "'q'",   "\"q\"", "null",  "~",           "true",      "6",    "!x",    "&x",
      "*x",    "%x",    "@x",    "`x",          "?",         "? x",  ":x",    "=x",
      "a\nb",  "a\tb",  "\x7f",  "back\\slash", "...",       "---",  "--- a", "|",
      "> x",   "${a}",  "größe", "1:30",        "a/b.c-d_e", "<<",   "x:y",   "http://h/p"};
  Value root;
  root.kind = Value::Kind::kMap;
  for (const std::string& text : scalars) {
    Value scalar;
    scalar.kind = Value::Kind::kScalar;
    scalar.scalar = text;
    Value list;
    list.kind = Value::Kind::kList;
    list.items = {scalar, scalar};
    Value map;
    map.kind = Value::Kind::kMap;
    const std::string key = text == "<<" || text == "${a}" ? "k" : text;
    map.entries.push_back(Entry{key, Position(), scalar});
    map.entries.push_back(Entry{"list of " + key, Position(), list});
    const std::string number = std::to_string(root.entries.size());
    root.entries.push_back(Entry{"map" + number, Position(), map});
    root.entries.push_back(Entry{"scalar" + number, Position(), scalar});
  }
  const std::string text = ToBlockYaml(root);
  const Value back = ReadYaml(text, "f");
  EXPECT_TRUE(Same(root, back)) << text;
}

TEST(ToBlockYaml, IsNestedBlocks) {
  const Value root = ReadYaml("{a: {b: {c: 1}, l: [x, '6']}, e: {}, n: null}", "f");
  EXPECT_EQ(ToBlockYaml(root), "a:\n  b:\n    c: 1\n  l: [x, \"6\"]\ne: {}\nn: null\n");
}

}  // namespace
}  // namespace flowtrain
