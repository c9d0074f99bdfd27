// A file from the web, taken up where it broke off.
#pragma once

#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

#include "nodes/web/web_place.h"

namespace flowtrain {

// The download cannot go on. What has come stays where it is of use.
class DownloadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The server has no such file (404), or does not say whether it has (403).
class NotOnServer : public DownloadError {
 public:
  using DownloadError::DownloadError;
};

// Another program is downloading to the same path.
class DownloadBusy : public DownloadError {
 public:
  using DownloadError::DownloadError;
};

// What a server says of a file.
struct WebFile {
  std::string validator;  // an ETag or a date; empty: the server names none
  uint64_t bytes = 0;     // 0: it does not say
  std::string md5;        // in lower case; empty: it does not say
};

struct DownloadRequest {
  WebPlace place;
  std::string path;
  uint64_t most_bytes = UINT64_MAX;
  int retries = 4;                  // tries after the first one
  bool progress_is_success = true;  // a try that has brought bytes does not count as one
  bool wait_for_server = false;     // a server that is not there may still come
  int timeout_s = 30;               // without a byte, before a try counts as failed
  // The server's answer, before the body; a text that is not empty ends the download with it.
  std::function<std::string(const WebFile&)> begin = {};
  std::function<void(uint64_t done, uint64_t total)> progress = {};
  // After a try that failed, with what has come so far; another one follows.
  std::function<void(const std::string& why, uint64_t bytes)> failed_try = {};
  // Called with the whole file, while no other program can download to it.
  std::function<void(const WebFile&)> finish = {};
  std::function<bool()> stop = {};  // from now on: asked for now and then
};

// Downloads a file. What an earlier call left at `path` is gone on with if the server still has the
// same file (ETag, else Last-Modified, and length), which `path`.from notes; otherwise it begins
// anew. A connection that breaks is taken up again. Throws DownloadError, also where more than
// `most_bytes` come; Interrupted where `stop` says so.
void Download(const DownloadRequest& request);

// What the server says of a file, by asking for its first byte. Of the request, `path`, `begin` and
// what comes after are not used, but for `stop`. Throws as Download does.
WebFile AskFor(const DownloadRequest& request);

// Removes a download and the note beside it.
void RemoveDownload(const std::string& path);

}  // namespace flowtrain
