#include "pipeline/base/files/plugin_folders.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace flowtrain {
namespace {

constexpr char kHere = 0;  // has the address of what this code is in

}  // namespace

std::vector<std::string> PluginFolders() {
  namespace fs = std::filesystem;
  std::vector<std::string> folders;
  if (const char* wanted = std::getenv("FLOWTRAIN_PLUGINS"); wanted != nullptr && *wanted != 0) {
    folders.emplace_back(wanted);
  }
  // Where this code is a library, in a Python package, they lie beside it.
  if (Dl_info self{}; dladdr(&kHere, &self) != 0 && fs::path(self.dli_fname).extension() == ".so") {
    folders.push_back(fs::path(self.dli_fname).parent_path());
  }
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (failed) return folders;
  const fs::path own = program.parent_path(), above = own.parent_path();
  folders.push_back(own);
  folders.push_back(above / "lib" / "flowtrain");
  folders.push_back(above / "lib");
  return folders;
}

}  // namespace flowtrain
