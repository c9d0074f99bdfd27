#include "pipeline/base/files/output_path.h"

#include <filesystem>
#include <system_error>

#include "pipeline/base/error.h"
#include "pipeline/base/files/new_file.h"

namespace flowtrain {

void TryOutput(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    throw DataError("cannot write " + path + ": it is a folder; name a file in it");
  }
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty() && !fs::is_directory(folder, ignored)) {
    throw DataError("cannot write " + path + ": there is no folder " + folder.string());
  }
  const NewFile unfinished(path);  // goes without a trace
}

}  // namespace flowtrain
