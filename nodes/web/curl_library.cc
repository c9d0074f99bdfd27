#include "nodes/web/curl_library.h"

namespace flowtrain {

CurlLibrary::CurlLibrary() : library({"libcurl.so.4", "libcurl-gnutls.so.4"}, "libcurl4") {
  library.Find(global_init, "curl_global_init");
  library.Find(init, "curl_easy_init");
  library.Find(cleanup, "curl_easy_cleanup");
  library.Find(set, "curl_easy_setopt");
  library.Find(get, "curl_easy_getinfo");
  library.Find(perform, "curl_easy_perform");
  library.Find(error, "curl_easy_strerror");
  library.Find(append, "curl_slist_append");
  library.Find(free_list, "curl_slist_free_all");
  global_init(CURL_GLOBAL_DEFAULT);
}

const CurlLibrary& Curl() {
  static const CurlLibrary library;
  return library;
}

}  // namespace flowtrain
