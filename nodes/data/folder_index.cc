#include "nodes/data/folder_index.h"

#include <dirent.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "pipeline/base/files/cache_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "flowtrain folder index 1\n";
constexpr long kFuse = 0x65735546;  // FUSE_SUPER_MAGIC
constexpr size_t kEntryHead = 1 + sizeof(uint64_t) + sizeof(uint16_t);

int64_t Nanoseconds(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

fs::path Normal(const std::string& root) {
  const fs::path path = fs::absolute(root).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

std::string FileBeside(const std::string& root) {
  const fs::path path = Normal(root);
  return path.parent_path() / (".flowtrain-index-" + path.filename().string());
}

// An entry: its type, inode and length of name, then the name.
void AppendEntry(const FolderEntry& entry, std::string& out) {
  const auto length = static_cast<uint16_t>(entry.name.size());
  out += static_cast<char>(entry.type);
  out.append(reinterpret_cast<const char*>(&entry.inode), sizeof entry.inode);
  out.append(reinterpret_cast<const char*>(&length), sizeof length);
  out += entry.name;
}

std::optional<std::vector<FolderEntry>> EntriesIn(std::string_view text) {
  std::vector<FolderEntry> entries;
  while (!text.empty()) {
    if (text.size() < kEntryHead) return std::nullopt;
    FolderEntry entry;
    uint16_t length = 0;
    entry.type = static_cast<uint8_t>(text[0]);
    std::memcpy(&entry.inode, text.data() + 1, sizeof entry.inode);
    std::memcpy(&length, text.data() + 1 + sizeof entry.inode, sizeof length);
    text.remove_prefix(kEntryHead);
    if (length == 0 || length > text.size()) return std::nullopt;
    entry.name = text.substr(0, length);
    if (entry.name.find_first_of(std::string_view("/\0", 2)) != entry.name.npos)
      return std::nullopt;
    text.remove_prefix(length);
    entries.push_back(entry);
  }
  return entries;
}

bool HoldsLinks(const std::vector<FolderEntry>& entries) {
  return std::any_of(entries.begin(), entries.end(), [](const FolderEntry& entry) {
    return entry.type == DT_LNK || entry.type == DT_UNKNOWN;
  });
}

bool KeepsTimes(int fd) {
  struct statfs system {};
  return fstatfs(fd, &system) == 0 && system.f_type != kFuse;
}

}  // namespace

FolderIndex::State FolderIndex::StateOf(const struct stat& status) {
  return {Nanoseconds(status.st_mtim), Nanoseconds(status.st_ctim), status.st_ino, status.st_nlink,
          static_cast<uint64_t>(status.st_size)};
}

FolderIndex::FolderIndex(const std::string& root)
    : file_(FileBeside(root)),
      other_file_(InUserCache(root, "folder-index")),
      reader_(kMagic, file_, other_file_) {
  const uint64_t folders = reader_.Number();
  for (uint64_t i = 0; i < folders && reader_.sound(); ++i) {
    const std::string_view relative = reader_.Text();
    Kept kept;
    kept.state = {static_cast<int64_t>(reader_.Number()), static_cast<int64_t>(reader_.Number()),
                  reader_.Number(), reader_.Number(), reader_.Number()};
    kept.entries = reader_.Text();
    if (reader_.sound()) before_.emplace(relative, kept);
  }
}

std::optional<std::vector<FolderEntry>> FolderIndex::Find(const std::string& relative,
                                                          const struct stat& status) {
  const auto found = before_.find(relative);
  if (found == before_.end() || found->second.state != StateOf(status)) return std::nullopt;
  auto entries = EntriesIn(found->second.entries);
  if (entries) now_[relative] = found->second;
  return entries;
}

void FolderIndex::Add(const std::string& relative, int fd, const struct stat& status,
                      const std::vector<FolderEntry>& entries) {
  const State state = StateOf(status);
  if (state.modified_ns <= 0 || ModifiedJustNow(state.modified_ns)) return;
  if (HoldsLinks(entries) || !KeepsTimes(fd)) return;
  std::string& text = added_.emplace_back();
  for (const FolderEntry& entry : entries) AppendEntry(entry, text);
  now_[relative] = {state, text};
}

void FolderIndex::Save() const {
  if (added_.empty()) return;
  IndexWriter writer(kMagic);
  writer.Put(uint64_t{now_.size()});
  for (const auto& [relative, kept] : now_) {
    writer.Put(std::string_view(relative));
    for (const int64_t time : {kept.state.modified_ns, kept.state.changed_ns}) {
      writer.Put(static_cast<uint64_t>(time));
    }
    for (const uint64_t number : {kept.state.inode, kept.state.links, kept.state.bytes}) {
      writer.Put(number);
    }
    writer.Put(kept.entries);
  }
  writer.Save(file_, other_file_);
}

}  // namespace flowtrain
