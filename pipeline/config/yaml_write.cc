#include "pipeline/config/yaml_write.h"

#include <algorithm>

#include "pipeline/config/scalars.h"

namespace flowtrain {
namespace {

bool IsPlainCharacter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
    return true;
  }
  return std::string_view("_-+./:=$()%~@^ ").find(c) != std::string_view::npos;
}

// Stricter than YAML requires, so that the answer holds in block and flow style and as a key.
bool IsPlainSafe(std::string_view text) {
  if (text.empty() || IsNullWord(text)) return false;
  if (text.starts_with("\xEF\xBB\xBF")) return false;  // at the beginning of a file it is no text
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (std::string_view("-%@=:?").find(text.front()) != std::string_view::npos) {
    // A sign before a digit begins a number, not a list item.
    const bool number = text.front() == '-' && text.size() > 1 && text[1] != '-' && text[1] != ' ';
    if (!number) return false;
  }
  if (text.find(": ") != std::string_view::npos || text.substr(0, 3) == "...") return false;
  return std::all_of(text.begin(), text.end(), IsPlainCharacter);
}

std::string Quote(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string Scalar(const Value& value) {
  return value.quoted ? Quote(value.scalar) : ToYamlScalar(value.scalar);
}

std::string Nested(const Value& value) {
  std::string out;
  switch (value.kind) {
    case Value::Kind::kNull:
      return "null";
    case Value::Kind::kScalar:
      return Scalar(value);
    case Value::Kind::kList:
      for (const Value& item : value.items) out += (out.empty() ? "" : ", ") + Nested(item);
      return '[' + out + ']';
    case Value::Kind::kMap:
      for (const Entry& entry : value.entries) {
        out += (out.empty() ? "" : ", ") + ToYamlScalar(entry.key) + ": " + Nested(entry.value);
      }
      return '{' + out + '}';
  }
  return out;
}

void WriteBlock(const Value& map, const std::string& indent, std::string& out) {
  for (const Entry& entry : map.entries) {
    out += indent + ToYamlScalar(entry.key) + ':';
    if (entry.value.kind == Value::Kind::kMap && !entry.value.entries.empty()) {
      out += '\n';
      WriteBlock(entry.value, indent + "  ", out);
    } else {
      out += ' ' + Nested(entry.value) + '\n';
    }
  }
}

}  // namespace

std::string ToYamlScalar(std::string_view text) {
  return IsPlainSafe(text) ? std::string(text) : Quote(text);
}

std::string ToFlowYaml(const Value& value) {
  if (value.kind == Value::Kind::kScalar && !value.quoted) return value.scalar;
  return Nested(value);
}

std::string ToBlockYaml(const Value& map) {
  if (map.entries.empty()) return "{}\n";
  std::string out;
  WriteBlock(map, "", out);
  return out;
}

}  // namespace flowtrain
