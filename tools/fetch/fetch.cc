#include "tools/fetch/fetch.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "nodes/web/download.h"
#include "nodes/web/md5.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/descriptor.h"
#include "pipeline/base/text/units.h"
#include "tools/fetch/progress.h"
#include "tools/fetch/unpack.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSpareBytes = uint64_t{64} << 20;

// The first file that is missing or of another size; empty: the set is whole.
std::string NotWhole(const Archive& archive, const fs::path& folder) {
  for (const ArchiveFile& file : archive.files) {
    std::error_code error;
    const uintmax_t bytes = fs::file_size(folder / file.name, error);
    if (file.bytes == 0) continue;
    if (error) return file.name + " is missing";
    if (bytes != file.bytes) {
      return file.name + " has " + ShowCount(bytes) + " bytes, not " + ShowCount(file.bytes);
    }
  }
  return {};
}

std::string ByHand(const Archive& archive, const std::string& parent) {
  return "\nBy hand: download " + archive.url +
         "\nwith a browser or on another machine, put it at " +
         (fs::path(parent) / archive.file()).string() + " and run `" + archive.command +
         (parent == "data" ? "" : " --to " + parent) + "` again.";
}

void NeedSpace(const std::string& parent, uint64_t bytes) {
  std::error_code error;
  const fs::space_info space = fs::space(parent, error);
  if (error || space.available >= bytes + kSpareBytes) return;
  throw DataError("the disk of " + parent + " has " + ShowGib(space.available) + " free, and " +
                  ShowGib(bytes + kSpareBytes) +
                  " are needed: make room, or name a folder on another disk with --to");
}

std::string SumOf(const std::string& path, uint64_t bytes) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return {};
  FetchProgress progress("checking", bytes);
  Md5 sum;
  std::vector<char> block(size_t{1} << 20);
  uint64_t done = 0;
  for (ssize_t got = 0; (got = read(file.fd, block.data(), block.size())) > 0;) {
    sum.Append(block.data(), static_cast<size_t>(got));
    progress.Show(done += static_cast<uint64_t>(got));
  }
  return sum.Hex();
}

uint64_t SizeOf(const std::string& path) {
  std::error_code error;
  const uintmax_t bytes = fs::file_size(path, error);
  return error ? 0 : bytes;
}

void DownloadTo(const std::string& path, const std::string& url, uint64_t most_bytes) {
  std::unique_ptr<FetchProgress> progress;
  DownloadRequest request;
  request.place = PlaceOf(url);
  request.path = path;
  request.most_bytes = most_bytes;
  request.progress = [&](uint64_t done, uint64_t total) {
    if (!progress) progress = std::make_unique<FetchProgress>("downloading", total);
    progress->Show(done);
  };
  request.failed_try = [&](const std::string& why, uint64_t bytes) {
    progress.reset();
    std::fprintf(stderr, "%s; going on from %s\n", why.c_str(), ShowGib(bytes).c_str());
  };
  Download(request);
}

// Downloads the archive to `path` unless it is there, and checks it.
void DownloadWhole(const Archive& archive, const std::string& url, const std::string& path,
                   const std::string& parent) {
  const bool went_on = SizeOf(path) > 0;
  try {
    DownloadTo(path, url, 2 * archive.bytes);
    if (SumOf(path, SizeOf(path)) == archive.md5) return;
    if (went_on) {  // what was there may have been of another file
      RemoveDownload(path);
      DownloadTo(path, url, 2 * archive.bytes);
      if (SumOf(path, SizeOf(path)) == archive.md5) return;
    }
  } catch (const DownloadError& error) {
    std::string text = archive.title + " could not be downloaded: " + error.what() + '.';
    if (SizeOf(path) > 0) {
      text += "\nWhat has come, " + ShowGib(SizeOf(path)) + ", stays in " + path +
              ": the same command goes on from there.";
    } else {
      RemoveDownload(path);
    }
    throw DataError(text + ByHand(archive, parent));
  }
  const uint64_t bytes = SizeOf(path);
  RemoveDownload(path);
  throw DataError("what " + url + " sends is not " + archive.title + "'s archive: it has " +
                  ShowCount(bytes) + " bytes of " + ShowCount(archive.bytes) +
                  ", or its MD5 sum is not " + archive.md5 + ". It was removed." +
                  ByHand(archive, parent));
}

void UnpackWhole(const Archive& archive, const std::string& path, const fs::path& folder) {
  const fs::path partial = folder.parent_path() / ('.' + archive.folder + ".unpacking");
  std::error_code error;
  fs::remove_all(partial, error);  // of a call that was ended
  if (!fs::create_directory(partial, error)) {
    throw DataError(partial.string() + " cannot be made: " + error.message());
  }
  try {
    Unpack(archive, path, partial);
    fs::rename(partial, folder);
  } catch (...) {
    fs::remove_all(partial, error);
    throw;
  }
}

}  // namespace

bool Fetch(const Archive& archive, const std::string& url, const std::string& parent) {
  const fs::path folder = fs::path(parent) / archive.folder;
  std::error_code error;
  if (fs::exists(fs::symlink_status(folder, error))) {
    const std::string why = NotWhole(archive, folder);
    if (why.empty()) return false;
    throw ConfigError(folder.string() + " is there, but is not the whole of " + archive.title +
                      ": " + why + ". Move it away, or name another folder with --to");
  }
  fs::create_directories(parent, error);
  if (error) throw ConfigError(parent + " cannot be made: " + error.message());
  const std::string own = fs::path(parent) / archive.file();
  if (SizeOf(own) > 0) {
    NeedSpace(parent, archive.unpacked_bytes());
    if (SumOf(own, SizeOf(own)) != archive.md5) {
      throw DataError(
          own + " is there, but is not " + archive.title +
          "'s archive, or not the whole of it (MD5). Move it away, and it is downloaded");
    }
    UnpackWhole(archive, own, folder);
    return true;
  }
  const std::string partial = own + ".part";
  const uint64_t there = std::min(SizeOf(partial), archive.bytes);
  NeedSpace(parent, archive.unpacked_bytes() + archive.bytes - there);
  DownloadWhole(archive, url, partial, parent);
  UnpackWhole(archive, partial, folder);
  RemoveDownload(partial);
  return true;
}

}  // namespace flowtrain
