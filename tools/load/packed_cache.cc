#include "tools/load/packed_cache.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "nodes/data/packed_file.h"
#include "nodes/pack/fingerprint.h"
#include "nodes/web/web_place.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/cache_folder.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "tools/load/pack_dataset.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

void MakeFolderOf(const fs::path& file) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (!error) return;
  throw DataError("cannot make the folder " + file.parent_path().string() +
                  " for the packed data set: " + error.message() +
                  "; name a file in data.cache_file, or set XDG_CACHE_HOME");
}

// Whether the file at `path` is exactly this data set, packed. If not, `why` says what differs.
// Throws DataError for a file that is not a packed data set at all, which must not be overwritten.
bool IsUpToDate(const std::string& path, uint64_t fingerprint, std::string* why) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    *why = "there is none yet";
    return false;
  }
  if (!IsPackedFile(path)) {
    throw DataError(path +
                    " is there and is not a packed data set: name another file in "
                    "data.cache_file");
  }
  try {
    if (PackedFile(path).header().fingerprint == fingerprint) return true;
    *why = "the data set or data.cache_max_side has changed";
  } catch (const DataError& error) {
    *why = error.what();
  }
  return false;
}

}  // namespace

std::string DefaultCacheFile(const DatasetOptions& dataset) {
  if (dataset.kind == DatasetKind::kSample) return UserCacheFolder() + "/sample.ftpack";
  if (IsWebAddress(dataset.root)) return InUserCache(dataset.root, "ftpack");
  fs::path root = fs::absolute(dataset.root).lexically_normal();
  if (!root.has_filename()) root = root.parent_path();
  const fs::path folder = root.parent_path();
  const std::string name = root.filename();
  if (access(folder.c_str(), W_OK) == 0) return folder / (name + ".ftpack");
  return InUserCache(root, "ftpack");
}

std::string PackedCacheOf(const Config& config, StopSignals* signals) {
  const DatasetOptions dataset = DatasetOptionsOf(config);
  const int max_side = config.Get<int>("data.cache_max_side");
  std::string path = config.Get<std::string>("data.cache_file");
  if (path.empty()) {
    path = DefaultCacheFile(dataset);
    MakeFolderOf(path);
  }
  std::string why;
  if (IsUpToDate(path, FingerprintOf(dataset, max_side), &why)) {
    LogInfo("training from the packed cache " + path);
    return path;
  }
  LogInfo("making the packed cache " + path + ": " + why);
  const double max_bad_fraction = config.Get<double>("data.max_bad_fraction");
  const PackResult result =
      PackDataset(dataset, path, max_side, {max_bad_fraction, "data.max_bad_fraction"}, signals);
  if (result.stopped) throw Interrupted("interrupted: the packed cache was not made");
  LogInfo("packed " + ShowCount(result.images) + " images, " + ShowGib(result.bytes));
  return path;
}

}  // namespace flowtrain
