#include "nodes/web/web_place.h"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

constexpr std::string_view kS3 = "s3://";

// The first of these variables that is set and not empty.
std::string Variable(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

// As the signature has it: everything but unreserved characters and slashes is encoded.
std::string Encoded(std::string_view key) {
  std::string out;
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::string_view("-._~/").find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    char text[4];
    std::snprintf(text, sizeof text, "%%%02X", byte);
    out += text;
  }
  return out;
}

// A password in an address would stand in every log and configuration.
void RefusePassword(const std::string& address) {
  const size_t begin = address.find("://") + 3;
  const std::string host = address.substr(begin, address.find('/', begin) - begin);
  const size_t at = host.rfind('@');
  if (at == std::string::npos) return;
  throw ConfigError("the address of " + host.substr(at + 1) +
                    " has a user name or a password in it, which would be written to logs and "
                    "configurations: put them into ~/.netrc");
}

std::string S3Url(const std::string& bucket, const std::string& key, const std::string& region) {
  std::string endpoint = Variable({"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  while (!endpoint.empty() && endpoint.back() == '/') endpoint.pop_back();
  if (!endpoint.empty()) return endpoint + '/' + bucket + '/' + Encoded(key);
  // A certificate for *.s3.REGION… does not cover names with more dots.
  const std::string host = "s3." + region + ".amazonaws.com";
  if (bucket.find('.') != std::string::npos) {
    return "https://" + host + '/' + bucket + '/' + Encoded(key);
  }
  return "https://" + bucket + '.' + host + '/' + Encoded(key);
}

WebPlace PlaceInS3(const std::string& address) {
  const size_t slash = address.find('/', kS3.size());
  const std::string bucket = address.substr(kS3.size(), slash - kS3.size());
  if (slash == std::string::npos || bucket.empty()) {
    throw ConfigError(address + " is no address in S3: s3://BUCKET/KEY");
  }
  WebPlace place;
  place.shown = address;
  place.region = Variable({"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (place.region.empty()) place.region = "us-east-1";
  place.url = S3Url(bucket, address.substr(slash + 1), place.region);
  place.key_id = Variable({"AWS_ACCESS_KEY_ID"});
  place.secret = Variable({"AWS_SECRET_ACCESS_KEY"});
  place.token = Variable({"AWS_SESSION_TOKEN"});
  if (place.key_id.empty() != place.secret.empty()) {
    throw ConfigError(std::string("to read ") + address + ", set " +
                      (place.key_id.empty() ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY") +
                      " too: only one of the two is set");
  }
  return place;
}

}  // namespace

bool IsWebAddress(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with(kS3);
}

WebPlace PlaceOf(const std::string& address) {
  if (!IsWebAddress(address)) throw ConfigError(address + " is no http, https or s3 address");
  RefusePassword(address);
  if (address.starts_with(kS3)) return PlaceInS3(address);
  WebPlace place;
  place.shown = place.url = address;
  return place;
}

}  // namespace flowtrain
