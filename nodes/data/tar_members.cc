#include "nodes/data/tar_members.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "pipeline/base/error.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

constexpr uint64_t kBlock = 512;
constexpr size_t kMostNameBytes = size_t{1} << 20, kMostPaxBytes = size_t{16} << 20;

using Block = std::array<char, kBlock>;

// Fields of a header (POSIX.1-1988, "ustar").
constexpr size_t kNameAt = 0, kNameBytes = 100, kSizeAt = 124, kSizeBytes = 12, kChecksumAt = 148,
                 kChecksumBytes = 8, kTypeAt = 156, kMagicAt = 257, kPrefixAt = 345,
                 kPrefixBytes = 155;

// Text that ends at a zero or with its field.
std::string_view TextIn(const Block& block, size_t at, size_t bytes) {
  return {block.data() + at, strnlen(block.data() + at, bytes)};
}

// Octal digits between blanks.
std::optional<uint64_t> OctalIn(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == text.npos) return 0;
  text = text.substr(first, text.find_last_not_of(' ') - first + 1);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Octal or, as GNU writes sizes from 8 GiB on, big-endian after a byte 0x80.
std::optional<uint64_t> SizeIn(const Block& block) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(block.data()) + kSizeAt;
  if (bytes[0] != 0x80) return OctalIn(TextIn(block, kSizeAt, kSizeBytes));
  uint64_t value = 0;
  for (size_t i = 1; i < kSizeBytes; ++i) {
    if (value >> 48 != 0) return std::nullopt;
    value = value << 8 | bytes[i];
  }
  return value;
}

// The sum of all bytes, the checksum's own counted as blanks. Old programs took bytes as signed.
bool ChecksumIsRight(const Block& block) {
  const auto wanted = OctalIn(TextIn(block, kChecksumAt, kChecksumBytes));
  if (!wanted) return false;
  int64_t as_unsigned = 0, as_signed = 0;
  for (size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kChecksumAt && i < kChecksumAt + kChecksumBytes;
    as_unsigned += own ? ' ' : static_cast<uint8_t>(block[i]);
    as_signed += own ? ' ' : static_cast<signed char>(block[i]);
  }
  const auto sum = static_cast<int64_t>(*wanted);
  return sum == as_unsigned || sum == as_signed;
}

bool IsZero(const Block& block) {
  return std::all_of(block.begin(), block.end(), [](char c) { return c == 0; });
}

std::string NameIn(const Block& block) {
  std::string name(TextIn(block, kNameAt, kNameBytes));
  // GNU's own format has other fields where POSIX has the prefix.
  if (std::memcmp(block.data() + kMagicAt, "ustar\0", 6) != 0) return name;
  const std::string_view prefix = TextIn(block, kPrefixAt, kPrefixBytes);
  return prefix.empty() ? name : std::string(prefix) + '/' + name;
}

// What a file that is not a tar file is compressed with; nullptr: it is not.
const char* CompressionOf(const Block& block) {
  const std::string_view text(block.data(), block.size());
  if (text.starts_with("\x1F\x8B")) return "gzip: gunzip";
  if (text.starts_with("BZh")) return "bzip2: bunzip2";
  if (text.starts_with(std::string_view("\xFD"
                                        "7zXZ\0",
                                        6))) {
    return "xz: unxz";
  }
  if (text.starts_with("\x28\xB5\x2F\xFD")) return "zstd: unzstd";
  return nullptr;
}

std::string ErrorText() { return std::generic_category().message(errno); }

}  // namespace

// What headers say of the member that follows them.
struct TarReader::Extras {
  std::optional<std::string> name;
  std::optional<uint64_t> size;
  bool sparse = false;
};

TarReader::TarReader(std::string path, int fd)
    : path_(std::move(path)),
      file_(fd >= 0 ? fd : open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
  struct stat status {};
  if (file_.fd < 0 || fstat(file_.fd, &status) != 0) {
    throw DataError("cannot read " + PrintableName(path_) + ": " + ErrorText());
  }
  if (!S_ISREG(status.st_mode)) {
    throw DataError("cannot read " + PrintableName(path_) + ": it is not a regular file");
  }
  file_bytes_ = static_cast<uint64_t>(status.st_size);
  modified_ns_ = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  // Headers are far apart: reading on behind each would read the whole file.
  posix_fadvise(file_.fd, 0, 0, POSIX_FADV_RANDOM);
}

void TarReader::Damaged(const std::string& what) const {
  throw DataError(PrintableName(path_) + ' ' + what);
}

void TarReader::ReadAt(uint64_t offset, void* to, size_t bytes) const {
  size_t done = 0;
  while (done < bytes) {
    const ssize_t got = pread(file_.fd, static_cast<char*>(to) + done, bytes - done,
                              static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw DataError("cannot read " + PrintableName(path_) + ": " + ErrorText());
    if (got == 0) Damaged("became shorter while it was read");
    done += static_cast<size_t>(got);
  }
}

std::string TarReader::Data(const TarMember& member, size_t most) const {
  std::string data(std::min<uint64_t>(member.size, most), '\0');
  ReadAt(member.offset, data.data(), data.size());
  return data;
}

std::string TarReader::LongName(const TarMember& header) const {
  if (header.size > kMostNameBytes) Damaged("is damaged: a name has more than 1 MiB");
  std::string name = Data(header, kMostNameBytes);
  name.resize(strnlen(name.data(), name.size()));
  return name;
}

// Records "LENGTH KEY=VALUE\n", of which LENGTH counts all bytes.
void TarReader::TakePax(const TarMember& header, Extras* extras) const {
  const auto damaged = [&] { Damaged("is damaged: it has a pax header that cannot be read"); };
  if (header.size > kMostPaxBytes) damaged();
  const std::string data = Data(header, kMostPaxBytes);
  std::string_view rest = data;
  while (!rest.empty() && rest.front() != '\0') {
    size_t length = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    const size_t blank = static_cast<size_t>(end - rest.data());
    if (error != std::errc() || length > rest.size() || length < blank + 3 || rest[blank] != ' ' ||
        rest[length - 1] != '\n') {
      damaged();
    }
    const std::string_view record = rest.substr(blank + 1, length - blank - 2);
    const size_t equals = record.find('=');
    if (equals == record.npos) damaged();
    const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "path") extras->name = std::string(value);
    if (key == "size") {
      uint64_t size = 0;
      const auto [last, wrong] = std::from_chars(value.data(), value.data() + value.size(), size);
      if (wrong != std::errc() || last != value.data() + value.size()) damaged();
      extras->size = size;
    }
    if (key.starts_with("GNU.sparse.")) extras->sparse = true;
    rest.remove_prefix(length);
  }
}

bool TarReader::Next(TarMember* member) {
  Extras extras;
  bool announced = false;  // by a header: a member must follow
  for (;;) {
    if (file_bytes_ - at_ < kBlock) {
      if (announced || (at_ < file_bytes_ && !ended_) || at_ == 0) {
        Damaged("is cut off, or is not a tar file: it ends within a header, at byte " +
                ShowCount(file_bytes_) + "; copy or download it again");
      }
      return false;
    }
    Block block;
    ReadAt(at_, block.data(), kBlock);
    if (IsZero(block)) {  // the end, unless another archive was appended, as `cat` does
      ended_ = true;
      at_ += kBlock;
      continue;
    }
    const auto size = SizeIn(block);
    if (!ChecksumIsRight(block) || !size) {
      if (const char* compression = at_ == 0 ? CompressionOf(block) : nullptr) {
        Damaged(std::string("is compressed with ") + compression +
                " it first: images are read from tar files in place");
      }
      Damaged(at_ == 0 ? std::string("is not a tar file")
                       : "is damaged: there is no header of a member at byte " + ShowCount(at_) +
                             ", where one must be; copy or download it again");
    }
    ended_ = false;
    const char type = block[kTypeAt];
    member->name = extras.name.value_or(NameIn(block));
    member->offset = at_ + kBlock;
    const bool has_data = type < '1' || type > '6';  // links, devices and folders have none
    member->size = has_data ? extras.size.value_or(*size) : 0;
    const bool of_header = type == 'x' || type == 'g' || type == 'L' || type == 'K';
    if (of_header) member->size = *size;
    if (member->size > file_bytes_ - member->offset) {
      Damaged("is cut off: its member " + PrintableName(member->name) + " would end at byte " +
              ShowCount(member->offset + member->size) + " of " + ShowCount(file_bytes_) +
              "; copy or download it again");
    }
    at_ = std::min(member->offset + (member->size + kBlock - 1) / kBlock * kBlock, file_bytes_);
    if (of_header) {
      announced = type != 'g';
      if (type == 'L') extras.name = LongName(*member);
      if (type == 'x') TakePax(*member, &extras);
      continue;
    }
    if (type == 'S' || extras.sparse) {
      Damaged("has a sparse member, " + PrintableName(member->name) +
              ", which is not read: make it again without tar's --sparse");
    }
    const bool is_file = type == '0' || type == '\0' || type == '7';
    member->kind = is_file                      ? TarMember::Kind::kFile
                   : type == '1' || type == '2' ? TarMember::Kind::kLink
                                                : TarMember::Kind::kOther;
    return true;
  }
}

}  // namespace flowtrain
