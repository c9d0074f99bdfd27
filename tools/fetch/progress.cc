#include "tools/fetch/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "pipeline/base/clock.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {

FetchProgress::FetchProgress(std::string what, uint64_t total)
    : what_(std::move(what)),
      total_(total),
      begin_(NowNs()),
      terminal_(isatty(STDERR_FILENO) != 0) {}

FetchProgress::~FetchProgress() {
  if (terminal_ && started_) std::fputs("\n", stderr);
}

void FetchProgress::Show(uint64_t done) {
  const uint64_t now = NowNs();
  if (!std::exchange(started_, true)) {
    first_ = done;
    tenth_ = total_ == 0 ? 0 : done * 10 / total_;
  }
  if (terminal_) {
    constexpr uint64_t kEveryNs = 200'000'000;
    if (now - shown_ < kEveryNs && done != total_) return;
    shown_ = now;
    Bar(done, now);
  } else if (total_ > 0 && done * 10 / total_ > tenth_) {
    tenth_ = done * 10 / total_;
    std::fprintf(stderr, "%s: %d%% of %s\n", what_.c_str(), static_cast<int>(tenth_ * 10),
                 ShowGib(total_).c_str());
  }
}

void FetchProgress::Bar(uint64_t done, uint64_t now) {
  const double seconds = static_cast<double>(now - begin_) / 1e9;
  const double rate = seconds > 0 ? static_cast<double>(done - first_) / seconds : 0;
  std::string text = what_;
  if (total_ > 0) {
    constexpr size_t kWidth = 20;
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const auto filled = static_cast<size_t>(share * kWidth);
    text += " [" + std::string(filled, '#') + std::string(kWidth - filled, '.') + "] " +
            std::to_string(static_cast<int>(share * 100)) + "% of " + ShowGib(total_);
  } else {
    text += ": " + ShowGib(done);
  }
  text += ", " + ShowRate(rate / 1048576) + " MiB/s";
  if (total_ > done && rate > 0) {
    text += ", " + ShowDuration(static_cast<double>(total_ - done) / rate) + " left";
  }
  std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
  std::fflush(stderr);
}

}  // namespace flowtrain
