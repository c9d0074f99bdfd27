#include "tools/failure.h"

#include <new>
#include <string>

#include "pipeline/log.h"
#include "tools/packed_cache.h"

namespace flowtrain {

ExitCode LogFailure(std::exception_ptr error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const ConfigError& e) {
    for (const Diagnostic& finding : e.diagnostics()) LogError(finding.ToString());
    return ExitCode::kUsage;
  } catch (const PackingStopped& e) {
    LogInfo(e.what());
    return ExitCode::kInterrupted;
  } catch (const std::bad_alloc&) {
    LogError("out of memory; try a smaller data.batch_size, data.batch_slots or data.num_workers");
  } catch (const std::exception& e) {
    LogError(e.what());
  }
  return ExitCode::kFailed;
}

}  // namespace flowtrain
