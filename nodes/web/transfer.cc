#include "nodes/web/transfer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "nodes/web/curl_library.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/lower_case.h"
#include "pipeline/base/text/trimmed.h"

namespace flowtrain {
namespace {

constexpr size_t kMd5Digits = 32, kMostRefusalBytes = 4096;

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isxdigit(c) != 0; });
}

// An MD5 sum in base64, as headers have it, in hexadecimal digits; empty for anything else.
std::string Md5In(std::string_view base64) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (base64.size() != 24 || !base64.ends_with("==")) return {};
  std::string hex;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : base64.substr(0, 22)) {
    const size_t digit = kDigits.find(c);
    if (digit == kDigits.npos) return {};
    bits = bits << 6 | static_cast<uint32_t>(digit);
    for (count += 6; count >= 4 && hex.size() < kMd5Digits; count -= 4) {
      hex += "0123456789abcdef"[bits >> (count - 4) & 15];
    }
  }
  return hex;
}

class Transferring {
 public:
  Transferring(const DownloadRequest& request, const WebBody& body)
      : curl_(Curl()), request_(request), body_(body), handle_(curl_.init(), curl_.cleanup) {
    if (!handle_) throw DownloadError("libcurl cannot start");
  }

  WebAnswer Run(const std::vector<std::string>& headers) && {
    std::array<char, CURL_ERROR_SIZE> said{};
    Set(CURLOPT_ERRORBUFFER, said.data());
    SetUp();
    if (request_.place.is_signed()) Sign();
    for (const std::string& header : headers) AddHeader(header);
    Set(CURLOPT_HTTPHEADER, list_.get());
    const CURLcode code = curl_.perform(handle_.get());
    if (code == CURLE_ABORTED_BY_CALLBACK) {
      throw Interrupted("interrupted during the download of " + request_.place.shown);
    }
    curl_.get(handle_.get(), CURLINFO_RESPONSE_CODE, &answer_.status);
    answer_.file.validator = etag_.empty() ? date_ : etag_;
    TakeCode(code, said[0] != '\0' ? said.data() : curl_.error(code));
    return std::move(answer_);
  }

 private:
  template <class T>
  void Set(CURLoption option, T value) {
    curl_.set(handle_.get(), option, value);
  }

  void AddHeader(const std::string& header) {
    list_.reset(curl_.append(list_.release(), header.c_str()));
  }

  void SetUp() {
    Set(CURLOPT_URL, request_.place.url.c_str());
    Set(CURLOPT_MAXREDIRS, 10L);
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(request_.timeout_s));
    Set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    Set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(request_.timeout_s));
    Set(CURLOPT_USERAGENT, "flowtrain");
    Set(CURLOPT_WRITEFUNCTION, &OnBody);
    Set(CURLOPT_WRITEDATA, this);
    Set(CURLOPT_HEADERFUNCTION, &OnHeader);
    Set(CURLOPT_HEADERDATA, this);
    if (request_.stop) {
      Set(CURLOPT_XFERINFOFUNCTION, &OnProgress);
      Set(CURLOPT_XFERINFODATA, this);
      Set(CURLOPT_NOPROGRESS, 0L);
    }
    // What signs a request is for this server alone.
    if (!request_.place.is_signed()) {
      Set(CURLOPT_FOLLOWLOCATION, 1L);
      Set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_OPTIONAL));
    }
  }

  void Sign() {
    const WebPlace& place = request_.place;
    Set(CURLOPT_AWS_SIGV4, ("aws:amz:" + place.region + ":s3").c_str());
    Set(CURLOPT_USERNAME, place.key_id.c_str());
    Set(CURLOPT_PASSWORD, place.secret.c_str());
    if (!place.token.empty()) AddHeader("x-amz-security-token: " + place.token);
  }

  void TakeCode(CURLcode code, const char* why) {
    const long status = answer_.status;
    if (status >= 400) {
      answer_.may_pass = status >= 500 || status == 408 || status == 429;
      return;
    }
    if (code == CURLE_OK || refused_) return;
    answer_.failure = why;
    for (const CURLcode passing :
         {CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING,
          CURLE_OPERATION_TIMEDOUT, CURLE_HTTP2, CURLE_HTTP2_STREAM}) {
      if (code == passing) answer_.may_pass = true;
    }
    if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
        code == CURLE_COULDNT_CONNECT) {
      answer_.may_pass = request_.wait_for_server;
      answer_.failure +=
          ". Is there a network? A proxy is named in the variables http_proxy and https_proxy";
    }
  }

  void TakeHeader(const std::string& line) {
    if (line.starts_with("HTTP/")) {  // of a redirection, or of a proxy, before
      etag_.clear(), date_.clear(), md5_.clear();
      answer_ = {};
      encrypted_ = false;
      return;
    }
    const size_t colon = line.find(':');
    if (colon == std::string::npos) return;
    const std::string name = InLowerCase(line.substr(0, colon));
    const std::string value(Trimmed(std::string_view(line).substr(colon + 1)));
    WebFile& file = answer_.file;
    if (name == "etag" && !value.starts_with("W/")) etag_ = value;
    if (name == "last-modified") date_ = value;
    if (name == "content-md5") md5_ = Md5In(value);
    if (name == "content-length" && file.bytes == 0) {
      file.bytes = std::strtoull(value.c_str(), nullptr, 10);
    }
    unsigned long long first = 0, last = 0, total = 0;
    if (name == "content-range" &&
        std::sscanf(value.c_str(), "bytes %llu-%llu/%llu", &first, &last, &total) == 3) {
      answer_.from = first;
      file.bytes = total;
    }
    if (name == "x-amz-server-side-encryption") encrypted_ = value != "AES256";
  }

  // All headers have come.
  void BeginBody() {
    begun_ = true;
    curl_.get(handle_.get(), CURLINFO_RESPONSE_CODE, &answer_.status);
    WebFile& file = answer_.file;
    file.validator = etag_.empty() ? date_ : etag_;
    if (answer_.status == 200) file.md5 = md5_;  // otherwise it is that of a part
    // Of what was put into S3 in one part the ETag is the MD5 sum.
    const bool is_sum = etag_.size() == kMd5Digits + 2 && etag_.front() == '"' && !encrypted_ &&
                        request_.place.shown.starts_with("s3://");
    if (file.md5.empty() && is_sum && IsHex(etag_.substr(1, kMd5Digits))) {
      file.md5 = InLowerCase(etag_.substr(1, kMd5Digits));
    }
  }

  bool Take(const char* bytes, size_t count) {
    if (!begun_) BeginBody();
    if (answer_.status == 200 || answer_.status == 206) return body_(answer_, bytes, count);
    refused_ = true;
    refusal_.append(bytes, std::min(count, kMostRefusalBytes - refusal_.size()));
    const size_t code = refusal_.find("<Code>"), end = refusal_.find("</Code>");
    if (code < end && end != std::string::npos) {
      answer_.failure = refusal_.substr(code + 6, std::min<size_t>(end - code - 6, 64));
    }
    return refusal_.size() < kMostRefusalBytes;
  }

  static size_t OnBody(char* bytes, size_t, size_t count, void* self) {
    return static_cast<Transferring*>(self)->Take(bytes, count) ? count : 0;
  }
  static size_t OnHeader(char* bytes, size_t, size_t count, void* self) {
    static_cast<Transferring*>(self)->TakeHeader(std::string(bytes, count));
    return count;
  }
  static int OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return static_cast<Transferring*>(self)->request_.stop() ? 1 : 0;
  }

  const CurlLibrary& curl_;
  const DownloadRequest& request_;
  const WebBody& body_;
  const std::unique_ptr<CURL, decltype(CurlLibrary::cleanup)> handle_;
  std::unique_ptr<curl_slist, decltype(CurlLibrary::free_list)> list_{nullptr, curl_.free_list};
  WebAnswer answer_;
  std::string etag_, date_, md5_, refusal_;
  bool begun_ = false, refused_ = false, encrypted_ = false;
};

}  // namespace

WebAnswer Transfer(const DownloadRequest& request, const std::vector<std::string>& headers,
                   const WebBody& body) {
  return Transferring(request, body).Run(headers);
}

std::string RefusalOf(const WebPlace& place, const WebAnswer& answer) {
  std::string text = "the server answers " + std::to_string(answer.status);
  if (answer.status == 404) text += " (not found)";
  if (answer.status != 404 && !answer.failure.empty()) text += " (" + answer.failure + ')';
  text += " for " + place.shown;
  const bool of_s3 = place.shown.starts_with("s3://");
  if (of_s3 && !place.is_signed() && (answer.status == 401 || answer.status == 403)) {
    text += ": set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
  } else if (of_s3 && answer.status < 400) {
    text += ": set AWS_REGION to the bucket's region (this asked " + place.region + ')';
  } else if (answer.status == 401 || answer.status == 403) {
    text += of_s3 ? ": the key may not read it, is wrong, or has expired"
                  : ": put a user name and a password for the server into ~/.netrc";
  }
  return text;
}

}  // namespace flowtrain
