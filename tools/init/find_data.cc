#include "tools/init/find_data.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "nodes/data/cifar_set.h"
#include "nodes/data/data_root.h"
#include "nodes/data/folder_list.h"
#include "nodes/data/kind_at.h"
#include "nodes/data/list_set.h"
#include "nodes/data/packed_file.h"
#include "nodes/data/stl10_set.h"
#include "nodes/data/tar_shards.h"
#include "nodes/data/unread_files.h"
#include "nodes/image/image_extension.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"
#include "tools/load/path_word.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr char kExpected[] =
    "init looks for a folder of images (.jpg, .png, …), of STL-10's or CIFAR's binary files or of "
    ".tar shards, a list of images (.csv, .txt) and a packed file (.ftpack); flowtrain fetch stl10 "
    "downloads a data set to try";

struct Candidate {
  DatasetKind kind;
  std::string root;
  std::string what;  // "STL-10"
};

// What messages call the options of a data set.
std::string OptionOfInit(std::string_view option) {
  return option == "root" ? "DIR" : "--" + std::string(option);
}

std::string Title(DatasetKind kind) {
  switch (kind) {
    case DatasetKind::kStl10:
      return "STL-10";
    case DatasetKind::kCifar10:
      return "CIFAR-10";
    default:
      return "CIFAR-100";
  }
}

// The files of the kind, directly in the folder, in the order of their names.
std::vector<std::string> FilesOfKind(const std::string& folder, DatasetKind kind) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string path = entry->path(), name = entry->path().filename();
    if (name.front() == '.' || HasImageExtension(name)) continue;
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored) && KindAt(path) == kind) files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The images that a text file lists and that are there; 0 for one that is no list of images: fewer
// than half of what it names is there.
uint64_t ImagesListed(const std::string& path) {
  try {
    const std::vector<std::string> named = PathsOfList(path, OptionOfInit);
    const fs::path folder = fs::path(path).parent_path();
    const auto there = std::count_if(named.begin(), named.end(), [&](const std::string& file) {
      std::error_code ignored;
      return fs::is_regular_file(folder / file, ignored);
    });
    const auto count = static_cast<uint64_t>(there);
    return 2 * count >= named.size() ? count : 0;
  } catch (const ConfigError&) {
    return 0;  // some other text
  }
}

// Images, and the lists of them. One list that has most of the images counts for them.
void AddImages(const std::string& folder, const FolderListing& listing,
               std::vector<Candidate>& found) {
  std::vector<Candidate> lists;
  uint64_t listed = 0;
  for (const std::string& path : FilesOfKind(folder, DatasetKind::kList)) {
    const uint64_t count = ImagesListed(path);
    if (count == 0) continue;
    listed = count;
    lists.push_back({DatasetKind::kList, path,
                     "a list of " + ShowCount(count, "image") + " (" +
                         PrintableName(fs::path(path).filename().string()) + ')'});
  }
  const bool in_list = lists.size() == 1 && 2 * listed >= listing.images.size();
  if (!listing.images.empty() && !in_list) {
    found.push_back({DatasetKind::kFolder, folder,
                     ShowCount(listing.images.size(), "image") + ", such as " +
                         PrintableName(listing.images.front())});
  }
  found.insert(found.end(), lists.begin(), lists.end());
}

// Data sets that are known by the names of their files.
void AddBinarySets(const std::string& folder, const FolderListing& listing,
                   std::vector<Candidate>& found) {
  std::vector<std::string> folders = {folder};
  for (const std::string& below : listing.folders) folders.push_back(fs::path(folder) / below);
  for (const std::string& one : folders) {
    std::vector<DatasetKind> kinds;
    if (HoldsStl10(one)) kinds.push_back(DatasetKind::kStl10);
    if (HoldsCifar(Cifar::k10, one)) kinds.push_back(DatasetKind::kCifar10);
    if (HoldsCifar(Cifar::k100, one)) kinds.push_back(DatasetKind::kCifar100);
    for (const DatasetKind kind : kinds) found.push_back({kind, one, Title(kind)});
  }
}

std::vector<Candidate> CandidatesIn(const std::string& folder, const FolderListing& listing) {
  std::vector<Candidate> found;
  AddBinarySets(folder, listing, found);
  AddImages(folder, listing, found);
  if (const auto tar = listing.not_taken.find("tar"); tar != listing.not_taken.end()) {
    found.push_back({DatasetKind::kTar, folder, ShowCount(tar->second.count, "tar file")});
  }
  for (const std::string& path : FilesOfKind(folder, DatasetKind::kPacked)) {
    if (!IsPackedFile(path)) continue;
    found.push_back({DatasetKind::kPacked, path,
                     "the packed file " + PrintableName(fs::path(path).filename().string())});
  }
  return found;
}

// Several data sets: the commands that take one of them each.
[[noreturn]] void NameOne(const std::string& folder, const std::vector<Candidate>& found) {
  std::string text = PrintableName(folder) + " holds more than one data set; name the one to use:";
  for (const Candidate& one : found) {
    text += "\n  flowtrain init " + PathWord(one.root) + " --kind " +
            ChoiceName(DatasetKinds(), one.kind) + "   # " + one.what;
  }
  throw ConfigError(text);
}

[[noreturn]] void NothingKnown(const std::string& folder, const FolderListing& listing) {
  const bool empty = listing.folders.empty() && listing.not_taken.empty() &&
                     listing.hidden_files.count == 0 && listing.hidden_folders.count == 0;
  const std::string other = DescribeNotTaken(listing);
  throw ConfigError("there is no data set in the folder " + PrintableName(folder) +
                    (empty           ? ": it is empty"
                     : other.empty() ? ""
                                     : ": " + other) +
                    AdviceOnFolder(folder, listing, OptionOfInit) + ". " + kExpected);
}

Candidate InFolder(const std::string& folder, std::optional<DatasetKind> kind) {
  NeedFolder(folder, OptionOfInit);
  const FolderListing listing = ListFolder(folder);
  std::vector<Candidate> found = CandidatesIn(folder, listing);
  if (kind) {
    std::erase_if(found, [&](const Candidate& one) { return one.kind != *kind; });
    // Opening it says what is missing. The images of a list are in the folder all the same.
    if (found.empty()) return {*kind, folder, {}};
  }
  if (found.empty()) NothingKnown(folder, listing);
  if (found.size() > 1) NameOne(folder, found);
  return found.front();
}

// A file that is a data set itself, or a pattern for tar files.
Candidate OfFile(const std::string& path, std::optional<DatasetKind> kind) {
  if (kind) return {*kind, path, {}};
  const DatasetKind told = KindAt(path);
  if (told == DatasetKind::kPacked && !IsPackedFile(path)) {
    throw ConfigError(PrintableName(path) + " is a file, and no data set" +
                      AdviceOnFile(path, OptionOfInit) + ". " + kExpected);
  }
  return {told, path, {}};
}

std::vector<std::string> SplitsOf(const Candidate& found, const std::vector<std::string>& asked) {
  if (!asked.empty()) return asked;
  if (found.kind != DatasetKind::kStl10) return DefaultSplits();
  std::vector<std::string> there = Stl10SplitsIn(found.root);
  if (there.size() > 1) std::erase(there, "test");
  return there.empty() ? DefaultSplits() : there;
}

}  // namespace

FoundData FindData(const DataRequest& request) {
  std::error_code ignored;
  const bool is_file = IsTarPattern(request.place) || fs::is_regular_file(request.place, ignored);
  const Candidate found =
      is_file ? OfFile(request.place, request.kind) : InFolder(request.place, request.kind);
  DatasetOptions options;
  options.kind = found.kind;
  options.root = found.root;
  options.splits = SplitsOf(found, request.splits);
  options.if_missing = IfMissing::kError;
  options.names = OptionOfInit;
  std::string never;
  return {found.kind, found.root, OpenImageSet(options, &never)};
}

}  // namespace flowtrain
