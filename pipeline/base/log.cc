#include "pipeline/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <cstdio>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include "pipeline/base/early_log.h"

namespace flowtrain {
namespace {

// A line for the file, which is not open yet.
struct KeptLine {
  spdlog::log_clock::time_point at;
  LogLevel level;
  std::string message;
};

// More are not worth the memory where no file ever comes.
constexpr size_t kMostKept = 1000;

struct LogState {
  // Held while a line is written: once SetLogWriter returns, the previous writer is not running.
  std::mutex mutex;
  LogLevel level = LogLevel::kInfo;
  std::string prefix;
  std::function<void(const std::string&)> writer;
  std::unique_ptr<spdlog::logger> file;
  bool keeps = false;
  std::vector<KeptLine> kept;
  std::string file_path;
  bool file_failed = false;  // already reported
};

// The log belongs to the process, as standard error does. Never destroyed: threads may log while
// the program exits.
LogState& State() {
  static auto* const state = new LogState;
  return *state;
}

const char* TerminalPrefix(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug: ";
    case LogLevel::kInfo:
      return "";
    case LogLevel::kWarning:
      return "warning: ";
    case LogLevel::kError:
      return "error: ";
  }
  return "";
}

spdlog::level::level_enum FileLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

void WriteToTerminal(const LogState& state, const std::string& line) {
  if (state.writer) {
    state.writer(line);
    return;
  }
  // One call per line, so that other writers to standard error do not break into a line.
  const std::string whole = line + '\n';
  std::fwrite(whole.data(), 1, whole.size(), stderr);
  std::fflush(stderr);
}

void WriteToFile(LogState& state, LogLevel level, const std::string& message) {
  if (state.file != nullptr) {
    state.file->log(FileLevel(level), spdlog::string_view_t(message));
  } else if (state.keeps && level != LogLevel::kDebug && state.kept.size() < kMostKept) {
    state.kept.push_back({spdlog::log_clock::now(), level, message});
  }
}

void WriteKept(LogState& state) {
  for (const KeptLine& line : state.kept) {
    state.file->log(line.at, spdlog::source_loc{}, FileLevel(line.level),
                    spdlog::string_view_t(line.message));
  }
  state.kept.clear();
  state.keeps = false;
}

// A log file that cannot be written, perhaps on a full disk, does not end training. The failure is
// reported once, and writing is tried again with each line.
void OnFileError(const std::string& why) {
  LogState& state = State();  // locked: called while a line is written to the file
  if (std::exchange(state.file_failed, true)) return;
  WriteToTerminal(state, std::string(TerminalPrefix(LogLevel::kWarning)) + "cannot write " +
                             state.file_path + ": " + why + "; its lines are lost");
}

}  // namespace

void Log(LogLevel level, const std::string& message) {
  LogState& state = State();
  const std::lock_guard<std::mutex> lock(state.mutex);
  const std::string prefix = level >= LogLevel::kWarning ? state.prefix : "";
  if (level >= state.level) WriteToTerminal(state, prefix + TerminalPrefix(level) + message);
  WriteToFile(state, level, prefix + message);
}

void SetLogPrefix(const std::string& prefix) {
  LogState& state = State();
  const std::lock_guard<std::mutex> lock(state.mutex);
  state.prefix = prefix;
}

void LogToFile(const std::string& message) {
  LogState& state = State();
  const std::lock_guard<std::mutex> lock(state.mutex);
  WriteToFile(state, LogLevel::kInfo, message);
}

void KeepLogLines() {
  LogState& state = State();
  const std::lock_guard<std::mutex> lock(state.mutex);
  state.keeps = true;
}

void SetLogLevel(LogLevel level) {
  LogState& state = State();
  const std::lock_guard<std::mutex> lock(state.mutex);
  state.level = level;
}

void SetLogFile(const std::string& path) {
  std::unique_ptr<spdlog::logger> file;
  if (!path.empty()) {
    try {
      auto sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(path);
      file = std::make_unique<spdlog::logger>("flowtrain", std::move(sink));
    } catch (const spdlog::spdlog_ex& error) {
      throw std::runtime_error("log file '" + path + "' cannot be opened: " + error.what());
    }
    file->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    file->set_level(spdlog::level::info);
    // Lines are few, and the last ones matter most when the process dies.
    file->flush_on(spdlog::level::info);
    file->set_error_handler(OnFileError);
  }
  LogState& state = State();
  const std::lock_guard<std::mutex> lock(state.mutex);
  state.file = std::move(file);
  state.file_path = path;
  state.file_failed = false;
  if (state.file != nullptr) WriteKept(state);
}

void SetLogWriter(std::function<void(const std::string&)> writer) {
  LogState& state = State();
  const std::lock_guard<std::mutex> lock(state.mutex);
  state.writer = std::move(writer);
}

}  // namespace flowtrain
