#include "nodes/report/terminal.h"

#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "pipeline/base/log.h"

namespace flowtrain {
namespace {

constexpr auto kRedrawEvery = std::chrono::milliseconds(100);
constexpr char kClearLine[] = "\r\x1b[2K";

int Columns(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// Another process has the terminal (a shell, after Ctrl-Z and bg): its line must not be drawn over.
bool InBackground(int descriptor) {
  const pid_t group = tcgetpgrp(descriptor);
  return group > 0 && group != getpgrp();
}

// A terminal that went away must not end the run, so a failed write is ignored.
void Write(int descriptor, const std::string& text) {
  [[maybe_unused]] const ssize_t written = ::write(descriptor, text.data(), text.size());
}

}  // namespace

bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return strcasestr(value, "utf-8") != nullptr || strcasestr(value, "utf8") != nullptr;
  }
  return false;
}

ProgressBar::ProgressBar(int descriptor, bool utf8) : descriptor_(descriptor), utf8_(utf8) {
  SetLogWriter([this](const std::string& line) { WriteAbove(line); });
}

ProgressBar::~ProgressBar() {
  SetLogWriter(nullptr);
  if (shown_ && !InBackground(descriptor_)) Write(descriptor_, kClearLine);
}

void ProgressBar::Show(const Progress& progress) {
  std::lock_guard<std::mutex> lock(mutex_);
  progress_ = progress;
  const Clock::time_point now = Clock::now();
  if (shown_ && now - drawn_at_ < kRedrawEvery) return;
  if (InBackground(descriptor_)) return;
  shown_ = true;
  drawn_at_ = now;
  Write(descriptor_, kClearLine + Draw());
}

void ProgressBar::WriteAbove(const std::string& line) {
  std::lock_guard<std::mutex> lock(mutex_);
  const std::string text = line.empty() || line.back() != '\n' ? line + '\n' : line;
  if (InBackground(descriptor_)) {
    Write(descriptor_, text);
  } else {
    Write(descriptor_, kClearLine + text + (shown_ ? Draw() : ""));
  }
}

std::string ProgressBar::Draw() const {
  // A full last column makes some terminals wrap.
  return BarLine(progress_, Columns(descriptor_) - 1, utf8_);
}

}  // namespace flowtrain
