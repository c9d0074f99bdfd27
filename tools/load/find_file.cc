#include "tools/load/find_file.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> ShippedFolders() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const fs::path folder = program.parent_path();
  const fs::path above = folder.parent_path();
  return {above / "share/flowtrain", folder / "share/flowtrain", folder, above,
          above.parent_path()};
}

bool IsFile(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

}  // namespace

std::string FindShippedFile(const std::string& name) {
  if (IsFile(name)) return name;
  std::error_code error;
  if (fs::is_directory(name, error)) throw ConfigError(name + " is a folder, not a file");
  if (fs::exists(name, error)) throw ConfigError(name + " cannot be read: it is no regular file");
  std::string places = "  " + fs::absolute(name, error).string();
  if (fs::path(name).is_relative()) {
    for (const fs::path& folder : ShippedFolders()) {
      if (IsFile(folder / name)) return (folder / name).string();
      places += "\n  " + (folder / name).string();
    }
  }
  throw ConfigError("there is no file " + name + "; looked for\n" + places);
}

}  // namespace flowtrain
