#include "pipeline/base/files/expand_path.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

bool IsNameStart(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
bool IsNamePart(char c) { return IsNameStart(c) || (c >= '0' && c <= '9'); }

// The name of a variable that `text` begins with; empty if it begins with none.
std::string_view NameAt(std::string_view text) {
  if (text.empty() || !IsNameStart(text.front())) return {};
  const auto end = std::find_if_not(text.begin(), text.end(), IsNamePart);
  return text.substr(0, static_cast<size_t>(end - text.begin()));
}

std::string ValueOf(std::string_view name, const std::string& path) {
  const std::string variable(name);
  const char* value = std::getenv(variable.c_str());
  if (value != nullptr && *value != '\0') return value;
  throw ConfigError("the path '" + path + "' names the environment variable " + variable +
                    ", which is " + (value == nullptr ? "not set" : "empty") +
                    ": set it, or write $$ for a dollar sign");
}

std::string ExpandVariables(const std::string& path) {
  std::string out;
  std::string_view left = path;
  while (!left.empty()) {
    const size_t dollar = left.find('$');
    out += left.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    left.remove_prefix(dollar + 1);
    const bool braced = !left.empty() && left.front() == '{';
    const std::string_view name = NameAt(braced ? left.substr(1) : left);
    const size_t behind = name.size() + (braced ? 1 : 0);
    if (!left.empty() && left.front() == '$') {
      out += '$';
      left.remove_prefix(1);
    } else if (name.empty() || (braced && (behind == left.size() || left[behind] != '}'))) {
      out += '$';
    } else {
      out += ValueOf(name, path);
      left.remove_prefix(behind + (braced ? 1 : 0));
    }
  }
  return out;
}

// Without a name, of the user of this process.
std::string HomeOf(const std::string& user, const std::string& path) {
  const char* home = user.empty() ? std::getenv("HOME") : nullptr;
  if (home != nullptr && *home != '\0') return home;
  const passwd* entry = user.empty() ? getpwuid(getuid()) : getpwnam(user.c_str());
  if (entry != nullptr) return entry->pw_dir;
  throw ConfigError("the path '" + path + "' begins with " +
                    (user.empty() ? "a home folder, and HOME is not set"
                                  : "the home folder of the user " + user + ", who is not there") +
                    ": write the folder itself, or './~' for a name that begins with a tilde");
}

}  // namespace

std::string ExpandPath(const std::string& path) {
  if (path.empty() || path.front() != '~') return ExpandVariables(path);
  const size_t slash = std::min(path.find('/'), path.size());
  return HomeOf(path.substr(1, slash - 1), path) + ExpandVariables(path.substr(slash));
}

std::string EscapePath(const std::string& path) {
  std::string out = path.rfind('~', 0) == 0 ? "./" : "";
  for (const char c : path) out.append(c == '$' ? 2 : 1, c);
  return out;
}

}  // namespace flowtrain
