#include "nodes/data/shard_request.h"

#include <utility>

namespace flowtrain {

DownloadRequest ShardRequest(const std::string& address, const RemoteOptions& options,
                             std::function<bool()> stop) {
  DownloadRequest request;
  request.place = PlaceOf(address);
  request.retries = options.download_retries;
  request.timeout_s = options.download_timeout_s;
  request.progress_is_success = false;
  request.wait_for_server = true;
  request.stop = std::move(stop);
  return request;
}

}  // namespace flowtrain
