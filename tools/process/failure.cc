#include "tools/process/failure.h"

#include <unistd.h>

#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "pipeline/base/log.h"
#include "pipeline/base/thread_limit.h"
#include "tools/process/crash.h"
#include "tools/process/standard_streams.h"

namespace flowtrain {
namespace {

// libtorch's error messages end with the functions that the error came through, a screenful of
// them.
std::string WithoutTrace(std::string text) {
  for (const char* const begin : {"\nException raised from ", "\nframe #0: "}) {
    const size_t trace = text.find(begin);
    if (trace != std::string::npos) text.erase(trace);
  }
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

constexpr char kDeviceFailed[] =
    "the GPU has failed, and a program cannot go on with it. Begin again with --resume; if it "
    "happens again, docs/troubleshooting.md says what to look at";

// The host's memory. (A device's has a message of its own.) The exception may have become the cause
// of a NodeError, so its text must tell. oneDNN says only that it has no primitive.
bool IsOutOfMemory(std::string_view text) {
  for (const std::string_view sign :
       {"std::bad_alloc", "DefaultCPUAllocator: ", "could not create a primitive"}) {
    if (text.find(sign) != std::string_view::npos) return true;
  }
  return false;
}

// A GPU that failed, not for want of memory: a program cannot go on with it.
bool IsDeviceError(std::string_view text) {
  for (const std::string_view sign : {"CUDA error: ", "HIP error: ", "cuDNN error: "}) {
    const size_t at = text.find(sign);
    if (at != std::string_view::npos && text.find("out of memory", at) == std::string_view::npos) {
      return true;
    }
  }
  return false;
}

bool LacksThread(const std::system_error& error) {
  return error.code() == std::errc::resource_unavailable_try_again;
}

void LogOther(const std::exception& error) {
  LogError(WithoutTrace(error.what()));
  if (IsOutOfMemory(error.what())) LogError(kMoreMemory);
  if (IsDeviceError(error.what())) LogError(kDeviceFailed);
}

[[noreturn]] void OnTerminate() {
  if (MemoryIsShort()) ExitForWantOfMemory();
  try {
    if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    ExitForWantOfMemory();
  } catch (const std::exception& error) {
    WriteLineAtOnce("error: this should not happen, please report it:");
    WriteLineAtOnce(error.what());
  } catch (...) {
  }
  std::abort();
}

}  // namespace

ExitCode LogFailure(std::exception_ptr error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const ConfigError& e) {
    for (const Diagnostic& finding : e.diagnostics()) LogError(finding.ToString());
    return ExitCode::kUsage;
  } catch (const Interrupted& e) {
    LogInfo(e.what());
    return ExitCode::kInterrupted;
  } catch (const std::bad_alloc&) {
    LogError(kMoreMemory);
  } catch (const std::system_error& e) {
    if (!LacksThread(e)) {
      LogOther(e);
    } else {
      LogError(std::string("the system does not let this process make another thread: ") +
               MoreThreads());
    }
  } catch (const std::exception& e) {
    LogOther(e);
  }
  return ExitCode::kFailed;
}

void ReportUncaught() {
  std::set_terminate(OnTerminate);
  ReportCrashesOfShortMemory();
}

}  // namespace flowtrain
