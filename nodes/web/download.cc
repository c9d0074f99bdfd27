#include "nodes/web/download.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>
#include <vector>

#include "nodes/web/transfer.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/descriptor.h"

namespace flowtrain {
namespace {

// Which version of a file a download is of.
struct Origin {
  std::string url, validator;
  uint64_t total = 0;  // 0: not known

  bool operator==(const Origin&) const = default;
};

std::string NoteBeside(const std::string& path) { return path + ".from"; }

Origin ReadOrigin(const std::string& path) {
  Origin origin;
  std::ifstream note(NoteBeside(path));
  std::string total;
  if (!std::getline(note, origin.url) || !std::getline(note, origin.validator) ||
      !std::getline(note, total)) {
    return {};
  }
  origin.total = std::strtoull(total.c_str(), nullptr, 10);
  return origin;
}

void WriteOrigin(const std::string& path, const Origin& origin) {
  std::ofstream note(NoteBeside(path), std::ios::trunc);
  note << origin.url << '\n' << origin.validator << '\n' << origin.total << '\n';
}

// Waits after the n-th failed try, from 1.
void WaitAfter(int failures, const std::function<bool()>& stop) {
  constexpr int kLongest = 5;  // 32 s
  const auto end = std::chrono::steady_clock::now() +
                   std::chrono::seconds(1 << std::min(failures - 1, kLongest));
  while (std::chrono::steady_clock::now() < end) {
    if (stop && stop()) throw Interrupted("interrupted during a download");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

// Throws where the answer is one that another try does not change; else returns what failed.
std::string WhyAgain(const DownloadRequest& request, const WebAnswer& answer) {
  const std::string why = answer.status >= 300 ? RefusalOf(request.place, answer) : answer.failure;
  if (answer.may_pass) return why;
  if (answer.status == 404 || answer.status == 403) throw NotOnServer(why);
  throw DownloadError(why);
}

class Downloading {
 public:
  explicit Downloading(const DownloadRequest& request)
      : request_(request),
        path_(request.path),
        file_(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    if (file_.fd < 0) throw DownloadError(path_ + " cannot be written: " + std::strerror(errno));
    struct stat mine {
    }, there{};
    const bool locked = flock(file_.fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    fstat(file_.fd, &mine);
    // Whoever had the lock may have given the file another name meanwhile.
    if (!locked || stat(path_.c_str(), &there) != 0 || there.st_ino != mine.st_ino) {
      throw DownloadBusy("another program is downloading to " + path_ + ": wait for it");
    }
    size_ = static_cast<uint64_t>(mine.st_size);
    known_ = ReadOrigin(path_);
    // Without a sign of which version it is of, nothing may be added to it.
    if (known_.url != request.place.url || known_.validator.empty()) BeginAnew();
  }

  void Run() {
    constexpr int kMostAnew = 3;
    int failures = 0, anew = 0;
    for (uint64_t furthest = size_;;) {
      const Next next = Try();
      if (next == Next::kDone) break;
      if (next == Next::kAnew) {
        if (++anew > kMostAnew) throw DownloadError("the server's file changes while it is read");
        BeginAnew();
        continue;
      }
      failures = request_.progress_is_success && size_ > furthest ? 1 : failures + 1;
      if (failures > request_.retries) throw DownloadError(why_);
      furthest = std::max(furthest, size_);
      if (known_.validator.empty()) BeginAnew();
      if (request_.failed_try) request_.failed_try(why_, size_);
      WaitAfter(failures, request_.stop);
    }
    if (!request_.finish) return;
    if (fdatasync(file_.fd) != 0) CannotWrite();
    request_.finish({known_.validator, known_.total, told_.md5});
  }

 private:
  enum class Next { kDone, kAgain, kAnew };

  [[noreturn]] void CannotWrite() const {
    throw DownloadError(path_ + " cannot be written: " + std::strerror(errno));
  }

  void BeginAnew() {
    if (ftruncate(file_.fd, 0) != 0) CannotWrite();
    size_ = 0;
    known_ = {};
    unlink(NoteBeside(path_).c_str());
  }

  Next Try() {
    begun_ = other_file_ = false;
    std::vector<std::string> headers;
    if (size_ > 0) {
      headers.push_back("Range: bytes=" + std::to_string(size_) + '-');
      headers.push_back("If-Range: " + known_.validator);
    }
    const WebAnswer answer =
        Transfer(request_, headers, [this](const WebAnswer& now, const char* bytes, size_t count) {
          return (begun_ || Begin(now)) && Write(bytes, count);
        });
    if (!cannot_.empty()) throw DownloadError(cannot_);
    if (other_file_) return Next::kAnew;
    // Nothing is left to send, or the file has become shorter: its sum tells which.
    if (answer.status == 416 && size_ > 0) return Next::kDone;
    if (answer.failure.empty() && answer.status < 300) {
      if (!begun_ && answer.status != 0) Begin(answer);  // an empty file
      if (!cannot_.empty()) throw DownloadError(cannot_);
      if (begun_) return Next::kDone;
      throw DownloadError("the server sends nothing for " + request_.place.shown);
    }
    why_ = WhyAgain(request_, answer);
    return Next::kAgain;
  }

  // The first bytes have come, and all headers. False: they are not to be added.
  bool Begin(const WebAnswer& answer) {
    begun_ = true;
    const Origin origin{request_.place.url, answer.file.validator, answer.file.bytes};
    if (answer.status == 206) {
      other_file_ = answer.from != size_ || origin != known_;
      if (other_file_) return false;
    } else if (size_ > 0) {
      BeginAnew();  // the server does not go on, or has another file
    }
    const std::string md5 = answer.status == 206 ? told_.md5 : "";
    told_ = answer.file;
    if (told_.md5.empty()) told_.md5 = md5;
    if (request_.begin) cannot_ = request_.begin(told_);
    if (!cannot_.empty()) return false;
    if (answer.status != 206) {
      known_ = origin;
      WriteOrigin(path_, known_);
    }
    return true;
  }

  bool Write(const char* bytes, size_t count) {
    if (size_ + count > request_.most_bytes) {
      cannot_ = "more comes than the file has: " + request_.place.shown + " is another file";
      return false;
    }
    for (size_t done = 0; done < count;) {
      const ssize_t written =
          pwrite(file_.fd, bytes + done, count - done, static_cast<off_t>(size_));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        cannot_ = path_ + " cannot be written: " + std::strerror(errno);
        return false;
      }
      done += static_cast<size_t>(written);
      size_ += static_cast<uint64_t>(written);
    }
    if (request_.progress) request_.progress(size_, known_.total);
    return true;
  }

  const DownloadRequest& request_;
  const std::string path_;
  const Descriptor file_;
  uint64_t size_ = 0;
  Origin known_;     // of what is in the file
  WebFile told_;     // by the last answer
  std::string why_;  // the last try failed

  // Of one try.
  bool begun_ = false, other_file_ = false;
  std::string cannot_;  // write, or take more
};

}  // namespace

void Download(const DownloadRequest& request) { Downloading(request).Run(); }

WebFile AskFor(const DownloadRequest& request) {
  for (int failures = 0;;) {
    bool ended = false;
    const WebAnswer answer =
        Transfer(request, {"Range: bytes=0-0"}, [&](const WebAnswer&, const char*, size_t) {
          ended = true;  // the first bytes of a file that is sent whole
          return false;
        });
    if (answer.status < 300 && (ended || answer.failure.empty())) return answer.file;
    const std::string why = WhyAgain(request, answer);
    if (++failures > request.retries) throw DownloadError(why);
    WaitAfter(failures, request.stop);
  }
}

void RemoveDownload(const std::string& path) {
  unlink(path.c_str());
  unlink(NoteBeside(path).c_str());
}

}  // namespace flowtrain
