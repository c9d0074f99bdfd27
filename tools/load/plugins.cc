#include "tools/load/plugins.h"

#include <dlfcn.h>

#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>

#include "flowtrain_abi.h"
#include "pipeline/base/files/expand_path.h"
#include "pipeline/base/log.h"
#include "pipeline/config/problems.h"
#include "pipeline/node/plugin.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr char kHowTo[] = " (docs/add_a_node.md)";

fs::path PathOf(const PluginFile& plugin) {
  const fs::path path = ExpandPath(plugin.path);
  return path.is_absolute() ? path : fs::path(plugin.at.file).parent_path() / path;
}

const PluginInfo& Open(const PluginFile& plugin, const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    internal::ThrowConfigError(plugin.at, "plugins: there is no file " + path.string());
  }
  // Never closed: the types' code is in it.
  void* library = dlopen(fs::absolute(path).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    internal::ThrowConfigError(plugin.at, "plugins: " + path.string() +
                                              " cannot be loaded: " + dlerror() +
                                              "; it may be built for another flowtrain" + kHowTo);
  }
  const auto* info = static_cast<const PluginInfo*>(dlsym(library, "flowtrain_plugin"));
  if (info == nullptr) {
    internal::ThrowConfigError(plugin.at, "plugins: " + path.string() +
                                              " is not a plug-in of flowtrain: build it with "
                                              "flowtrain_add_plugin" +
                                              kHowTo);
  }
  if (std::string(info->abi) != FLOWTRAIN_ABI) {
    internal::ThrowConfigError(plugin.at, "plugins: " + path.string() + " is built for flowtrain " +
                                              info->abi + ", and this is " FLOWTRAIN_ABI +
                                              ": build it again with the headers of this one" +
                                              kHowTo);
  }
  return *info;
}

}  // namespace

void LoadPlugins(const std::vector<PluginFile>& plugins, Registry& registry) {
  static std::set<fs::path> loaded;
  for (const PluginFile& plugin : plugins) {
    const fs::path path = PathOf(plugin);
    const PluginInfo& info = Open(plugin, path);
    if (!loaded.insert(fs::canonical(path)).second) continue;
    const size_t before = registry.types().size();
    try {
      info.add(registry);
    } catch (const std::logic_error& error) {
      internal::ThrowConfigError(plugin.at, "plugins: " + path.string() + ": " + error.what());
    }
    LogInfo("plug-in " + path.string() +
            ": node types added: " + std::to_string(registry.types().size() - before));
  }
}

}  // namespace flowtrain
