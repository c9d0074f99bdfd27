#include "pipeline/base/progress_line.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "pipeline/base/log.h"

namespace flowtrain {
namespace {

constexpr std::chrono::milliseconds kRedrawEvery{100}, kLogEvery{10'000}, kRedrawAfter{1'000};

}  // namespace

bool CanRedraw(int descriptor) {
  const char* term = std::getenv("TERM");
  return isatty(descriptor) != 0 && term != nullptr && std::strcmp(term, "dumb") != 0;
}

ProgressLine::ProgressLine()
    : redraws_(CanRedraw(STDERR_FILENO)),
      next_(Clock::now() + (redraws_ ? kRedrawAfter : kLogEvery)) {}

ProgressLine::~ProgressLine() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

bool ProgressLine::Due() { return Clock::now() >= next_; }

void ProgressLine::Show(const std::string& text) {
  next_ = Clock::now() + (redraws_ ? kRedrawEvery : kLogEvery);
  if (!redraws_) return LogInfo(text);
  std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
  drawn_ = true;
}

}  // namespace flowtrain
