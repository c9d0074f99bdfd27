#include "tools/commands/version.h"

#include <oneapi/tbb/version.h>

#include "commit.h"
#include "nodes/decode/decoder_versions.h"
#include "nodes/device/torch_versions.h"
#include "pipeline/base/text/printable_name.h"

namespace flowtrain {

std::string Version() { return "flowtrain " FLOWTRAIN_VERSION; }

std::string Commit() { return FLOWTRAIN_COMMIT; }

std::string Libraries() {
  return "libtorch " + TorchVersion() + ", oneTBB " + TBB_runtime_version() + ", " +
         DecoderVersions() + ", " FLOWTRAIN_LIBRARIES;
}

std::string RunHeader(const std::string& command_line) {
  const std::string commit = Commit().empty() ? "" : ", commit " + Commit();
  std::string header;
  for (const std::string& line : {Version() + commit, PrintableName(command_line), Libraries()}) {
    header += "# " + line + '\n';
  }
  return header;
}

}  // namespace flowtrain
