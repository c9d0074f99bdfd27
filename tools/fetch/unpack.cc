#include "tools/fetch/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>
#include <vector>

#include "nodes/web/md5.h"
#include "nodes/web/system_library.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/descriptor.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"
#include "tools/fetch/progress.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostSmallBytes = uint64_t{1} << 20;
constexpr size_t kBlockBytes = size_t{1} << 20;

struct LibArchive {
  LibArchive() : library({"libarchive.so.13"}, "libarchive13") {
    library.Find(make, "archive_read_new");
    library.Find(free, "archive_read_free");
    library.Find(gzip, "archive_read_support_filter_gzip");
    library.Find(tar, "archive_read_support_format_tar");
    library.Find(open, "archive_read_open_filename");
    library.Find(next, "archive_read_next_header");
    library.Find(read, "archive_read_data");
    library.Find(error, "archive_error_string");
    library.Find(name, "archive_entry_pathname");
    library.Find(type, "archive_entry_filetype");
    library.Find(hard_link, "archive_entry_hardlink");
    library.Find(size, "archive_entry_size");
  }

  SystemLibrary library;
  decltype(&archive_read_new) make;
  decltype(&archive_read_free) free;
  decltype(&archive_read_support_filter_gzip) gzip;
  decltype(&archive_read_support_format_tar) tar;
  decltype(&archive_read_open_filename) open;
  decltype(&archive_read_next_header) next;
  decltype(&archive_read_data) read;
  decltype(&archive_error_string) error;
  decltype(&archive_entry_pathname) name;
  decltype(&archive_entry_filetype) type;
  decltype(&archive_entry_hardlink) hard_link;
  decltype(&archive_entry_size) size;
};

class Unpacking {
 public:
  Unpacking(const Archive& archive, const std::string& path, std::string to)
      : archive_(archive),
        path_(path),
        to_(std::move(to)),
        reader_(lib_.make(), lib_.free),
        progress_("unpacking", archive.unpacked_bytes()) {
    lib_.gzip(reader_.get());
    lib_.tar(reader_.get());
    if (lib_.open(reader_.get(), path.c_str(), kBlockBytes) != ARCHIVE_OK) Damaged();
  }

  void Run() {
    archive_entry* entry = nullptr;
    for (;;) {
      const int code = lib_.next(reader_.get(), &entry);
      if (code == ARCHIVE_EOF) break;
      if (code != ARCHIVE_OK) Damaged();
      Take(entry);
    }
    for (const ArchiveFile& file : archive_.files) {
      if (file.bytes > 0 && !seen_.contains(file.name)) Refuse("it lacks " + file.name);
    }
  }

 private:
  [[noreturn]] void Refuse(const std::string& why) const {
    throw DataError(path_ + " is not " + archive_.title + "'s archive: " + why);
  }
  [[noreturn]] void Damaged() const {
    const char* why = lib_.error(reader_.get());
    Refuse(why == nullptr ? "it cannot be read" : why);
  }

  void Take(archive_entry* entry) {
    const char* raw = lib_.name(entry);
    std::string name = raw == nullptr ? "" : raw;
    if (name.starts_with("./")) name.erase(0, 2);
    if (lib_.type(entry) == AE_IFDIR &&
        (name == archive_.folder || name == archive_.folder + '/')) {
      return;
    }
    const auto file = std::find_if(
        archive_.files.begin(), archive_.files.end(),
        [&](const ArchiveFile& wanted) { return name == archive_.folder + '/' + wanted.name; });
    if (file == archive_.files.end()) Refuse("it holds " + PrintableName(name));
    if (lib_.type(entry) != AE_IFREG || lib_.hard_link(entry) != nullptr) {
      Refuse(file->name + " is not a file in it");
    }
    if (!seen_.insert(file->name).second) Refuse("it holds " + file->name + " twice");
    const auto bytes = static_cast<uint64_t>(lib_.size(entry));
    if (file->bytes > 0 ? bytes != file->bytes : bytes > kMostSmallBytes) {
      Refuse(file->name + " has " + ShowCount(bytes) + " bytes in it" +
             (file->bytes > 0 ? ", not " + ShowCount(file->bytes) : ""));
    }
    Write(*file, bytes);
  }

  void Write(const ArchiveFile& file, uint64_t bytes) {
    const std::string path = fs::path(to_) / file.name;
    const Descriptor out(
        open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (out.fd < 0) CannotWrite(path);
    Md5 sum;
    uint64_t written = 0;
    for (;;) {
      const la_ssize_t got = lib_.read(reader_.get(), block_.data(), block_.size());
      if (got < 0) Damaged();
      if (got == 0) break;
      sum.Append(block_.data(), static_cast<size_t>(got));
      WriteAll(out.fd, static_cast<size_t>(got), path);
      written += static_cast<uint64_t>(got);
      progress_.Show(done_ += static_cast<uint64_t>(got));
    }
    if (written != bytes) Refuse(file.name + " is cut off in it");
    if (!file.md5.empty() && sum.Hex() != file.md5) Refuse(file.name + " is another file in it");
    if (fsync(out.fd) != 0) CannotWrite(path);
  }

  void WriteAll(int fd, size_t count, const std::string& path) const {
    for (size_t done = 0; done < count;) {
      const ssize_t written = write(fd, block_.data() + done, count - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) CannotWrite(path);
      done += static_cast<size_t>(written);
    }
  }

  [[noreturn]] static void CannotWrite(const std::string& path) {
    throw DataError(path + " cannot be written: " + std::strerror(errno));
  }

  const Archive& archive_;
  const std::string path_, to_;
  const LibArchive lib_;
  const std::unique_ptr<archive, decltype(&archive_read_free)> reader_;
  FetchProgress progress_;
  std::vector<char> block_ = std::vector<char>(kBlockBytes);
  std::set<std::string> seen_;
  uint64_t done_ = 0;
};

}  // namespace

void Unpack(const Archive& archive, const std::string& path, const std::string& to) {
  Unpacking(archive, path, to).Run();
}

}  // namespace flowtrain
