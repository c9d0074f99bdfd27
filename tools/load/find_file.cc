#include "tools/load/find_file.h"

#include <filesystem>
#include <system_error>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

bool IsFile(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

}  // namespace

std::string ShippedFolder() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const fs::path above = program.parent_path().parent_path();
  // bin/ beside share/; bin/ in a bundle; build/PRESET/tools/ in a checkout.
  for (const fs::path& folder :
       {above / "share/flowtrain", above, above.parent_path().parent_path()}) {
    if (IsFile(folder / "configs/stl10_config.yaml")) return folder.string();
  }
  return {};
}

std::string FindShippedFile(const std::string& name) {
  if (IsFile(name)) return name;
  std::error_code error;
  if (fs::is_directory(name, error)) throw ConfigError(name + " is a folder, not a file");
  if (fs::exists(name, error))
    throw ConfigError(name + " cannot be read: it is not a regular file");
  std::string places = "\n  " + fs::absolute(name, error).string();
  const fs::path shipped = ShippedFolder();
  if (fs::path(name).is_relative() && !shipped.empty()) {
    const std::string there = (shipped / name).string();
    if (IsFile(there)) return there;
    places += "\n  " + there;
  }
  throw ConfigError("there is no file " + name + "; looked for" + places);
}

}  // namespace flowtrain
