// One request to a server, and what came of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "nodes/web/download.h"

namespace flowtrain {

// What a server answered.
struct WebAnswer {
  long status = 0;  // 0: nothing came
  WebFile file;
  uint64_t from = 0;      // 206: the first byte that it sends
  std::string failure;    // what went wrong with the connection; empty: nothing
  bool may_pass = false;  // the failure, or the status, may be another one later
};

// Takes the next bytes of a body of status 200 or 206; false: no more of them.
using WebBody = std::function<bool(const WebAnswer&, const char* bytes, size_t count)>;

// Asks for the place of the request with these headers. Throws Interrupted where the request's `stop`
// says so, std::runtime_error where libcurl is not there.
WebAnswer Transfer(const DownloadRequest& request, const std::vector<std::string>& headers,
                   const WebBody& body);

// What the answer says of a file that it does not bring: "the server answers 503".
std::string RefusalOf(const WebPlace& place, const WebAnswer& answer);

}  // namespace flowtrain
