// Where a file is on the web, and what a request for it is signed with.
#pragma once

#include <string>

namespace flowtrain {

// Whether this is http://…, https://… or s3://… and not a path.
bool IsWebAddress(const std::string& text);

struct WebPlace {
  std::string shown;  // as the user wrote it: "s3://bucket/key"
  std::string url;    // that is asked for: http or https
  // Of S3. Never to be shown, logged or written anywhere; empty: the request is not signed.
  std::string region, key_id, secret, token;

  bool is_signed() const { return !key_id.empty(); }
};

// The place of an address. s3://BUCKET/KEY is asked for at AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL,
// otherwise at Amazon's servers of AWS_REGION (AWS_DEFAULT_REGION, us-east-1), and signed with
// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN where they are set. Throws
// ConfigError for an address that is none, or has a password in it.
WebPlace PlaceOf(const std::string& address);

}  // namespace flowtrain
