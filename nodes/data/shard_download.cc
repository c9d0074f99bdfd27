#include "nodes/data/shard_download.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "nodes/data/shard_request.h"
#include "nodes/data/tar_index.h"
#include "nodes/web/download.h"
#include "nodes/web/md5.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/descriptor.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

// What came is not what was to come: another try may bring it.
class Damaged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::string Md5Of(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Md5 sum;
  std::vector<char> block(size_t{1} << 20);
  for (ssize_t got = 0; (got = read(file.fd, block.data(), block.size())) > 0;) {
    sum.Append(block.data(), static_cast<size_t>(got));
  }
  return sum.Hex();
}

// Between the server's answer and what was indexed; empty: there is none.
std::string DifferenceIn(const RemoteShard& shard, const WebFile& told) {
  std::string what;
  if (told.bytes != 0 && told.bytes != shard.bytes) {
    what = "it has " + ShowCount(told.bytes) + " bytes and had " + ShowCount(shard.bytes);
  } else if (!shard.validator.empty() && told.validator != shard.validator) {
    what = "its ETag or date is " + told.validator + " and was " + shard.validator;
  }
  if (what.empty()) return {};
  return "it has changed since it was indexed: " + what;
}

// Of the file that came; empty: there is none.
std::string DamageOf(const RemoteShard& shard, const std::string& part, const WebFile& told) {
  std::error_code error;
  const uint64_t bytes = std::filesystem::file_size(part, error);
  if (error || bytes != shard.bytes) {
    return ShowCount(bytes) + " bytes came of " + ShowCount(shard.bytes);
  }
  if (!told.md5.empty()) {
    const std::string sum = Md5Of(part);
    if (sum != told.md5) return "its MD5 sum is " + sum + ", and the server names " + told.md5;
  }
  if (shard.index == 0) return {};
  try {
    if (DigestOf(IndexTar(part, {})) == shard.index) return {};
  } catch (const DataError& wrong) {
    return wrong.what();
  }
  return "its members are not those that were indexed";
}

void TryOnce(const RemoteShard& shard, const RemoteOptions& options,
             const ShardDownload& download) {
  DownloadRequest request = ShardRequest(shard.address, options, download.stop);
  request.path = download.part;
  request.most_bytes = shard.bytes;
  request.begin = [&](const WebFile& told) { return DifferenceIn(shard, told); };
  request.progress = [&](uint64_t done, uint64_t) { download.progress(done); };
  request.failed_try = [&](const std::string& why, uint64_t) {
    LogWarning("the download of " + shard.address + " is tried again: " + why);
  };
  request.finish = [&](const WebFile& told) {
    const std::string damage = DamageOf(shard, download.part, told);
    if (!damage.empty()) throw Damaged(damage);
    if (rename(download.part.c_str(), download.path.c_str()) != 0) {
      throw DataError("cannot rename " + download.part + ": " +
                      std::generic_category().message(errno));
    }
  };
  Download(request);
  RemoveDownload(download.part);  // the note beside it
}

}  // namespace

void DownloadShard(const RemoteShard& shard, const RemoteOptions& options,
                   const ShardDownload& download) {
  std::string why;
  const int tries = options.download_retries > 0 ? 2 : 1;
  for (int i = 0; i < tries; ++i) {
    try {
      return TryOnce(shard, options, download);
    } catch (const Damaged& error) {
      why = shard.address + " does not come as it should: " + error.what();
    } catch (const DownloadBusy&) {
      throw;
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      throw DataError("cannot download " + shard.address + ": " + error.what());
    }
    RemoveDownload(download.part);
  }
  throw DataError(why);
}

}  // namespace flowtrain
