// The program's log. It is implemented with spdlog, which log.cc alone includes: libtorch's headers
// bring another version of fmt, and the two do not mix in one file.
#pragma once

#include <functional>
#include <string>

namespace flowtrain {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Writes one line to every sink: standard error (above the progress bar, see SetLogWriter) and the
// file named with SetLogFile. Thread-safe.
void Log(LogLevel level, const std::string& message);
inline void LogInfo(const std::string& message) { Log(LogLevel::kInfo, message); }
inline void LogWarning(const std::string& message) { Log(LogLevel::kWarning, message); }
inline void LogError(const std::string& message) { Log(LogLevel::kError, message); }

// Lines below `level` do not reach the terminal; the log file gets all but debug lines.
void SetLogLevel(LogLevel level);
// What warnings and errors begin with, everywhere: which of several processes says so.
void SetLogPrefix(const std::string& prefix);
// Appends to `path` from now on; an empty path ends that. Throws std::runtime_error if it cannot be
// opened. A line that cannot be written later is reported once, on the terminal.
void SetLogFile(const std::string& path);
// Hands terminal lines to `writer` instead of standard error; nullptr restores that. For a progress
// bar.
void SetLogWriter(std::function<void(const std::string&)> writer);

}  // namespace flowtrain
