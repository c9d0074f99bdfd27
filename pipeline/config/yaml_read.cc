// ReadYaml and ReadYamlFile: yaml-cpp's parser events to a Value tree. The only file that sees
// yaml-cpp.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

#include "pipeline/base/files/read_file.h"
#include "pipeline/base/text/utf8.h"
#include "pipeline/config/problems.h"
#include "pipeline/config/scalars.h"
#include "pipeline/config/value.h"
#include "pipeline/config/yaml_fault.h"

namespace flowtrain {
namespace {

// Far above any graph or configuration, and low enough that a hostile file costs neither time nor
// memory: a key is compared with those before it in its map.
constexpr size_t kMostBytes = size_t{1} << 20, kMostValues = 10'000, kMostLevels = 50;
// Written out again with escapes, a key stays below the 1,024 characters that YAML allows.
constexpr size_t kMostKeyBytes = 256;

// `{` and `}` end a plain scalar in a flow map. `${name}` is therefore spelled with these control
// characters, which YAML does not allow in a file, while yaml-cpp looks at it: the same number of
// bytes, so that columns stay right.
constexpr char kDollar = '\x01', kOpen = '\x02', kClose = '\x03';

bool IsNameCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '.' || c == '-';
}

std::string HideReferences(std::string text) {
  for (size_t begin = text.find("${"); begin != std::string::npos;
       begin = text.find("${", begin + 2)) {
    size_t end = begin + 2;
    while (end < text.size() && IsNameCharacter(text[end])) ++end;
    if (end == text.size() || text[end] != '}') continue;
    text[begin] = kDollar;
    text[begin + 1] = kOpen;
    text[end] = kClose;
  }
  return text;
}

std::string RestoreReferences(std::string text) {
  std::replace(text.begin(), text.end(), kDollar, '$');
  std::replace(text.begin(), text.end(), kOpen, '{');
  std::replace(text.begin(), text.end(), kClose, '}');
  return text;
}

Position PositionOf(const std::string& file, const YAML::Mark& mark) {
  if (mark.is_null()) return {file, 0, 0};
  return {file, mark.line + 1, mark.column + 1};
}

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

// Builds the tree. Findings are collected, so that one reading reports all of them; but reading
// stops at once in a file that is too large.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::string file, const internal::YamlLines& lines)
      : file_(std::move(file)), lines_(lines) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    Value value = Make(Value::Kind::kNull, mark);
    value.scalar = lines_.NullAt(mark.line, mark.column);
    // The mark of an absent value is that of whatever comes after it.
    const bool absent = value.scalar.empty();
    if (absent && !open_.empty() && open_.back().has_key) value.at = open_.back().key_at;
    Add(std::move(value));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Report(mark, "aliases (*name) are not supported: write the value out");
    Add(Make(Value::Kind::kNull, mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    Value value = Make(Value::Kind::kScalar, mark);
    value.scalar = RestoreReferences(text);
    if (std::any_of(value.scalar.begin(), value.scalar.end(), IsControl)) {
      Report(mark, "control character in a text: write it without");  // by way of "\0" or "\e"
      std::replace_if(value.scalar.begin(), value.scalar.end(), IsControl, '?');
    }
    if (!IsUtf8(value.scalar)) {  // yaml-cpp makes a Latin-1 byte of "\N" and of "\_"
      Report(mark, "an escape that is not supported: write the character itself");
      value.scalar.clear();
    }
    value.quoted = tag == "!";  // how yaml-cpp marks a scalar that is not plain
    if (value.quoted && lines_.IsOpenQuote(mark.line, mark.column)) {
      Report(mark, "not valid YAML: this quote is not closed");
    }
    Add(std::move(value));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Value::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { CloseLevel(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Value::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { CloseLevel(); }

  void Report(const YAML::Mark& mark, std::string message) {
    diagnostics_.push_back({PositionOf(file_, mark), std::move(message)});
  }
  void Report(internal::YamlFault fault) {
    diagnostics_.push_back({{file_, fault.line + 1, fault.column + 1}, std::move(fault.what)});
  }

  Value Finish() {
    if (!diagnostics_.empty()) throw ConfigError(std::move(diagnostics_));
    return std::move(root_);
  }

 private:
  // A list or map whose end has not come yet.
  struct Level {
    Value value;
    bool has_key = false;  // map: the key of the next value has been read
    std::string key;
    Position key_at;
  };

  Value Make(Value::Kind kind, const YAML::Mark& mark) {
    if (++values_ > kMostValues) {
      internal::ThrowConfigError(PositionOf(file_, mark),
                                 "more than " + std::to_string(kMostValues) +
                                     " values: this is neither a graph nor a "
                                     "configuration");
    }
    Value value;
    value.kind = kind;
    value.at = PositionOf(file_, mark);
    return value;
  }

  void Open(Value::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    if (open_.size() == kMostLevels) {
      internal::ThrowConfigError(
          PositionOf(file_, mark),
          "more than " + std::to_string(kMostLevels) + " lists and maps in one another");
    }
    open_.push_back({Make(kind, mark), false, {}, {}});
  }

  void CloseLevel() {
    Value value = std::move(open_.back().value);
    open_.pop_back();
    Add(std::move(value));
  }

  void Add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    Level& level = open_.back();
    if (level.value.kind == Value::Kind::kList) {
      level.value.items.push_back(std::move(value));
    } else if (!level.has_key) {
      SetKey(level, value);
    } else {
      AddEntry(level, std::move(value));
    }
  }

  void SetKey(Level& level, const Value& key) {
    level.has_key = true;
    level.key = key.scalar;
    level.key_at = key.at;
    if (key.kind != Value::Kind::kScalar) {
      diagnostics_.push_back({key.at, "a key must be text, not " + std::string(key.KindName())});
    } else if (key.scalar == "<<" && !key.quoted) {
      diagnostics_.push_back({key.at, "merge keys (<<) are not supported: write the values out"});
    } else if (key.scalar.size() > kMostKeyBytes) {
      diagnostics_.push_back(
          {key.at, "a key of more than " + std::to_string(kMostKeyBytes) + " bytes"});
    }
  }

  void AddEntry(Level& level, Value value) {
    level.has_key = false;
    for (const Entry& entry : level.value.entries) {
      if (entry.key != level.key) continue;
      diagnostics_.push_back({level.key_at, "key '" + level.key + "' stands twice in this map (" +
                                                "first in line " + std::to_string(entry.at.line) +
                                                ")"});
      return;
    }
    level.value.entries.push_back({level.key, level.key_at, std::move(value)});
  }

  void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) Report(mark, "anchors (&name) are not supported: write the value out");
  }

  void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    Report(mark, "tags (" + tag + ") are not supported");
  }

  std::string file_;
  const internal::YamlLines& lines_;
  size_t values_ = 0;
  std::vector<Level> open_;
  Value root_;
  std::vector<Diagnostic> diagnostics_;
};

// What some editors on Windows put at the beginning of a UTF-8 file.
std::string WithoutByteOrderMark(const std::string& text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  return text.substr(text.compare(0, kMark.size(), kMark) == 0 ? kMark.size() : 0);
}

// YAML is UTF-8 and allows no control characters but tab and line breaks; yaml-cpp would take one
// for the end of the file.
void RefuseOtherThanText(std::string_view text, const std::string& name) {
  Position at{name, 1, 1};
  while (!text.empty()) {
    if (IsControl(text[0])) {
      internal::ThrowConfigError(at, "control character: this is not a text file");
    }
    const size_t bytes = CharacterBytes(text);
    if (bytes == 0) internal::ThrowConfigError(at, "this is not UTF-8: save the file as UTF-8");
    ++at.column;
    if (text[0] == '\n') {
      ++at.line;
      at.column = 1;
    }
    text.remove_prefix(bytes);
  }
}

}  // namespace

Value ReadYaml(const std::string& file_text, const std::string& name) {
  const std::string text = WithoutByteOrderMark(file_text);
  RefuseOtherThanText(text, name);
  const internal::YamlLines lines(text);
  TreeBuilder builder(name, lines);
  try {
    if (const auto directive = lines.FindDirective()) builder.Report(*directive);
    std::istringstream stream(HideReferences(text));
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (parser) builder.Report(lines.SecondDocument());
  } catch (const YAML::Exception& error) {
    const YAML::Mark& mark = error.mark;
    builder.Report(lines.Explain(mark.line, mark.column, RestoreReferences(error.msg)));
  }
  Value value = builder.Finish();
  if (value.at.file.empty()) value.at = {name, 1, 1};
  return value;
}

Value PlainScalar(const std::string& text, const std::string& name) {
  RefuseOtherThanText(text, name);
  Value value;
  value.kind = Value::Kind::kScalar;
  value.scalar = text;
  value.quoted = text.empty();
  value.at = {name, 1, 1};
  return value;
}

Value ReadYamlFile(const std::string& path) {
  std::string text, why;
  if (!ReadWholeFile(path, kMostBytes, text, &why)) {
    internal::ThrowConfigError({path, 0, 0}, "cannot be read: " + why);
  }
  return ReadYaml(text, path);
}

}  // namespace flowtrain
