#include "pipeline/base/files/cache_folder.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "pipeline/base/files/xxh64.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

// Eight digits that distinguish paths of the same last name.
std::string ShortHash(const std::string& text) {
  char digits[9];
  const uint64_t hash = Xxh64({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(hash));
  return digits;
}

}  // namespace

// A relative XDG_CACHE_HOME counts for nothing, as its specification has it. The user database knows
// the home of a user without HOME.
std::string UserCacheFolder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return fs::path(cache) / "flowtrain";
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    const passwd* user = getpwuid(geteuid());
    home = user == nullptr ? nullptr : user->pw_dir;
  }
  if (home != nullptr && *home != '\0') return fs::path(home) / ".cache/flowtrain";
  return "/tmp/flowtrain-" + std::to_string(geteuid());
}

std::string InUserCache(const std::string& path, const std::string& ending) {
  fs::path whole = fs::absolute(path).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();
  return fs::path(UserCacheFolder()) /
         (whole.filename().string() + '-' + ShortHash(whole) + '.' + ending);
}

}  // namespace flowtrain
