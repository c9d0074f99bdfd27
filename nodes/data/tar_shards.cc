#include "nodes/data/tar_shards.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

#include "nodes/data/data_root.h"
#include "nodes/data/folder_list.h"
#include "nodes/data/unread_files.h"
#include "nodes/image/image_extension.h"
#include "nodes/web/web_place.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostShards = 1'000'000;

struct Number {
  uint64_t value = 0;
  size_t digits = 0;
};

std::optional<Number> NumberIn(std::string_view text) {
  Number number{0, text.size()};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number.value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

[[noreturn]] void TooMany(const std::string& pattern) {
  throw ConfigError("the pattern " + PrintableName(pattern) + " stands for more than " +
                    ShowCount(kMostShards) + " files");
}

// What stands between the braces, expanded; empty for what is no pattern.
std::vector<std::string> ChoicesIn(std::string_view inside, const std::string& pattern) {
  std::vector<std::string> out;
  if (const size_t dots = inside.find(".."); dots != inside.npos) {
    const auto first = NumberIn(inside.substr(0, dots)), last = NumberIn(inside.substr(dots + 2));
    if (!first || !last) return out;
    // Zeros in front make all as wide as the wider one.
    const bool padded = inside[0] == '0' || inside[dots + 2] == '0';
    const size_t width = padded ? std::max(first->digits, last->digits) : 0;
    const bool up = first->value <= last->value;
    const uint64_t steps = up ? last->value - first->value : first->value - last->value;
    if (steps >= kMostShards) TooMany(pattern);
    for (uint64_t i = 0; i <= steps; ++i) {
      const std::string text = std::to_string(up ? first->value + i : first->value - i);
      out.push_back(std::string(width - std::min(width, text.size()), '0') + text);
    }
    return out;
  }
  if (inside.find(',') == inside.npos) return out;
  for (;;) {
    const size_t comma = std::min(inside.find(','), inside.size());
    out.emplace_back(inside.substr(0, comma));
    if (comma == inside.size()) return out;
    inside.remove_prefix(comma + 1);
  }
}

// The end of the path before its first component with a brace.
size_t PlainPart(const std::string& pattern) {
  const size_t slash = pattern.rfind('/', pattern.find('{'));
  return slash == pattern.npos ? 0 : slash + 1;
}

bool IsTarName(const std::string& name) { return ExtensionOf(name) == "tar"; }

bool IsCompressedTar(const std::string& name) {
  const std::string lower = ExtensionOf(name);
  if (lower == "tgz" || lower == "tbz" || lower == "txz") return true;
  return ExtensionOf(fs::path(name).stem().string()) == "tar" && lower != "tar";
}

[[noreturn]] void Compressed(const std::string& path, const OptionNames& names) {
  throw ConfigError(PrintableName(path) + ", which " + NameOf(names, "root") +
                    " names, is compressed, and images are read from tar files in place: "
                    "decompress it (gunzip, unxz, unzstd), and name the .tar file; JPEG and PNG "
                    "hardly become smaller by compression");
}

bool IsRegular(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

TarShards OfPattern(const std::string& root, const OptionNames& names) {
  if (IsCompressedTar(root)) Compressed(root, names);
  const size_t plain = PlainPart(root);
  TarShards shards;
  shards.folder = plain == 0 ? "." : root.substr(0, plain);
  shards.names = ExpandBraces(root.substr(plain));
  Counted missing;
  for (const std::string& name : shards.names) {
    if (!IsRegular(fs::path(shards.folder) / name)) {
      missing.Add((fs::path(shards.folder) / name).lexically_normal());
    }
  }
  if (missing.count == 0) return shards;
  throw ConfigError(ShowCount(missing.count) + " of the " + ShowCount(shards.names.size(), "file") +
                    " of the pattern " + PrintableName(root) + ", which " + NameOf(names, "root") +
                    " names, " + (missing.count == 1 ? "is" : "are") + " not there: " +
                    PrintableName(missing.first) + (missing.count == 1 ? "" : ", …"));
}

TarShards OfFolder(const std::string& root, const OptionNames& names) {
  NeedFolder(root, names);
  TarShards shards{root, {}};
  std::string compressed;
  try {
    const auto follow = fs::directory_options::follow_directory_symlink;
    for (const auto& entry : fs::recursive_directory_iterator(root, follow)) {
      const std::string name = entry.path().filename();
      if (name.front() == '.' || !IsRegular(entry.path())) continue;
      if (IsTarName(name)) shards.names.push_back(entry.path().lexically_relative(root));
      if (IsCompressedTar(name)) compressed = entry.path();
    }
  } catch (const fs::filesystem_error& error) {
    throw DataError("cannot list the tar files in " + PrintableName(root) + ": " +
                    PrintableName(error.path1().string()) + ": " + error.code().message());
  }
  if (shards.names.empty() && !compressed.empty()) Compressed(compressed, names);
  if (shards.names.empty()) {
    throw ConfigError("the folder " + PrintableName(root) + ", which " + NameOf(names, "root") +
                      " names, holds no .tar files" + AdviceOnFolder(root, names));
  }
  std::sort(shards.names.begin(), shards.names.end());
  return shards;
}

TarShards OfAddress(const std::string& root, const OptionNames& names) {
  if (IsCompressedTar(root)) Compressed(root, names);
  const size_t plain = PlainPart(root);
  TarShards shards{root.substr(0, plain), ExpandBraces(root.substr(plain)), true};
  for (const std::string& name : shards.names) {
    if (IsTarName(name)) continue;
    throw ConfigError(PrintableName(shards.AddressOf(name)) + ", which " + NameOf(names, "root") +
                      " names, does not end in .tar: only tar files are read from a server, each "
                      "by its address, as in https://host/train-{000000..000146}.tar");
  }
  PlaceOf(shards.AddressOf(shards.names.front()));  // which throws for what is no address
  return shards;
}

}  // namespace

std::vector<std::string> ExpandBraces(const std::string& pattern) {
  std::vector<std::string> out = {""};
  size_t at = 0;
  while (at < pattern.size()) {
    const size_t open = pattern.find('{', at);
    const size_t close = open == pattern.npos ? open : pattern.find('}', open);
    std::vector<std::string> choices;
    if (close != pattern.npos) {
      choices = ChoicesIn(std::string_view(pattern).substr(open + 1, close - open - 1), pattern);
    }
    const size_t next = close == pattern.npos ? pattern.size() : close + 1;
    if (choices.empty()) {
      for (std::string& text : out) text += pattern.substr(at, next - at);
    } else {
      if (out.size() * choices.size() > kMostShards) TooMany(pattern);
      std::vector<std::string> longer;
      for (const std::string& text : out) {
        for (const std::string& choice : choices) {
          longer.push_back(text);
          longer.back().append(pattern, at, open - at).append(choice);
        }
      }
      out = std::move(longer);
    }
    at = next;
  }
  return out;
}

bool IsTarPattern(const std::string& root) {
  if (IsWebAddress(root)) return true;
  std::error_code ignored;
  return root.find('{') != root.npos && !fs::exists(root, ignored) &&
         (IsTarName(root) || IsCompressedTar(root));
}

bool HoldsTarShards(const std::string& folder) {
  std::error_code error;
  bool found = false;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (HasImageExtension(name)) return false;
    found = found || (name.front() != '.' && IsTarName(name));
  }
  return found;
}

TarShards FindTarShards(const std::string& root, const OptionNames& names) {
  if (IsWebAddress(root)) return OfAddress(root, names);
  if (IsTarPattern(root)) return OfPattern(root, names);
  std::error_code ignored;
  if (fs::is_directory(root, ignored)) return OfFolder(root, names);
  NeedFile(root, "tar file", names);
  if (IsCompressedTar(root)) Compressed(root, names);
  const fs::path path = root;
  return {path.has_parent_path() ? path.parent_path().string() : ".", {path.filename().string()}};
}

}  // namespace flowtrain
