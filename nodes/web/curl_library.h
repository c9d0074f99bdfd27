// libcurl, opened when it is needed.
#pragma once

#include <curl/curl.h>

#include "nodes/web/system_library.h"

namespace flowtrain {

struct CurlLibrary {
  CurlLibrary();

  SystemLibrary library;
  decltype(&curl_global_init) global_init;
  decltype(&curl_easy_init) init;
  decltype(&curl_easy_cleanup) cleanup;
  CURLcode (*set)(CURL*, CURLoption, ...);
  CURLcode (*get)(CURL*, CURLINFO, ...);
  decltype(&curl_easy_perform) perform;
  decltype(&curl_easy_strerror) error;
  decltype(&curl_slist_append) append;
  decltype(&curl_slist_free_all) free_list;
};

// Throws std::runtime_error, which names the package, where it is not installed.
const CurlLibrary& Curl();

}  // namespace flowtrain
