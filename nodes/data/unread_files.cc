#include "nodes/data/unread_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "nodes/data/cifar_set.h"
#include "nodes/data/packed_file.h"
#include "nodes/data/stl10_set.h"
#include "nodes/image/image_extension.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/descriptor.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 12> kArchives = {"zip", "tar", "tgz", "gz", "bz2", "xz",
                                                        "zst", "tbz", "txz", "7z", "rar", "lz4"};
constexpr std::array<std::string_view, 15> kRecords = {
    "npy",      "npz",       "h5",  "hdf5", "mdb",    "lmdb", "parquet", "arrow",
    "tfrecord", "tfrecords", "rec", "pkl",  "pickle", "pt",   "beton"};
constexpr std::array<std::string_view, 20> kOtherPictures = {
    "jxl", "svg", "psd", "tga", "exr", "hdr", "dng", "cr2", "cr3", "nef",
    "arw", "orf", "raf", "rw2", "ico", "eps", "pdf", "mp4", "mov", "avi"};

template <size_t N>
bool Has(const std::array<std::string_view, N>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool IsStl10File(std::string_view name) {
  return name == "train_X.bin" || name == "test_X.bin" || name == "unlabeled_X.bin";
}

std::string SetTo(const OptionNames& names, const char* option, const std::string& value) {
  return NameOf(names, option) + " to " + PrintableName(value);
}

// What the file's first bytes say it is; nullptr for nothing that is known.
const char* ExtensionByContent(const std::string& path) {
  std::array<unsigned char, 12> bytes{};
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.fd < 0) return nullptr;
  const ssize_t got = read(file.fd, bytes.data(), bytes.size());
  if (got != static_cast<ssize_t>(bytes.size())) return nullptr;
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\xFF\xD8\xFF")) return "jpg";
  if (text.starts_with("\x89PNG")) return "png";
  if (text.starts_with("GIF8")) return "gif";
  if (text.starts_with("RIFF") && text.substr(8) == "WEBP") return "webp";
  return nullptr;
}

// Of a file of CIFAR's, in whatever version; empty for another.
std::string AdviceOnCifar(const fs::path& path, const OptionNames& names) {
  const std::string name = path.filename(), shown = PrintableName(path.string());
  for (const Cifar which : {Cifar::k10, Cifar::k100}) {
    const bool is_10 = which == Cifar::k10;
    const std::string title = is_10 ? "CIFAR-10" : "CIFAR-100",
                      kind = is_10 ? "cifar10" : "cifar100";
    const std::string archive = is_10 ? "cifar-10-" : "cifar-100-";
    std::string advice = "; ", set_to_folder = SetTo(names, "kind", kind);
    advice.append(shown);
    set_to_folder.append(" and ").append(NameOf(names, "root")).append(" to the folder ");
    set_to_folder.append(CifarFolder(which)).append(" that comes of it");
    const bool is_binary = is_10 ? name == "batches.meta.txt" || name == "test_batch.bin" ||
                                       (name.starts_with("data_batch_") && name.ends_with(".bin"))
                                 : name == "fine_label_names.txt";
    if (is_binary) {
      advice.append(" is of ").append(title).append("'s binary version: set ");
      advice.append(SetTo(names, "kind", kind)).append(" and ");
      return advice.append(SetTo(names, "root", path.parent_path()));
    }
    if (name.starts_with(archive + "binary.tar")) {
      advice.append(" is ").append(title).append(", still packed: tar xf ").append(shown);
      return advice.append(", then set ").append(set_to_folder);
    }
    const bool is_other = is_10 ? name.starts_with("data_batch_") ||
                                      name.starts_with("batches.meta") || name == "test_batch"
                                : name == "meta";
    if (is_other || name.starts_with(archive)) {
      advice.append(" is of ").append(title);
      advice.append(" in another version than the binary one, which is read: download ");
      advice.append(CifarAddress(which)).append(", unpack it, and set ");
      return advice.append(set_to_folder);
    }
  }
  return {};
}

// What is known of a file by its name; empty for nothing.
std::string AdviceByName(const fs::path& path, const OptionNames& names) {
  const std::string name = path.filename(), extension = ExtensionOf(name);
  const std::string shown = PrintableName(path.string());
  if (IsStl10File(name)) {
    return "; " + shown + " is one of STL-10's binary files: set " + SetTo(names, "kind", "stl10") +
           " and " + SetTo(names, "root", path.parent_path());
  }
  if (name.starts_with("stl10_binary.tar")) {
    return "; " + shown + " is STL-10, still packed: tar xf " + shown + ", then set " +
           SetTo(names, "kind", "stl10") + " and " + NameOf(names, "root") +
           " to the folder stl10_binary that comes of it";
  }
  if (extension == "ftpack" && IsPackedFile(path)) {
    return "; " + shown + " is a packed data set: set " + SetTo(names, "kind", "packed") + " and " +
           SetTo(names, "root", path);
  }
  if (extension == "mat") {
    return "; " + shown +
           " is a Matlab file, which flowtrain does not read; of STL-10 it reads the binary files: "
           "flowtrain fetch stl10";
  }
  if (std::string advice = AdviceOnCifar(path, names); !advice.empty()) return advice;
  if (extension == "csv") {
    return "; if " + shown + " lists images, set " + SetTo(names, "kind", "list") + " and " +
           SetTo(names, "root", path);
  }
  if (extension == "tar") {
    return "; " + shown + " is a tar file: if it holds images, set " + SetTo(names, "kind", "tar") +
           " and " + SetTo(names, "root", path);
  }
  if (Has(kArchives, extension)) {
    return "; " + shown +
           " is an archive, of which none are read but plain .tar files: unpack it, and set " +
           NameOf(names, "root") + " to the folder";
  }
  if (Has(kRecords, extension)) {
    return "; " + shown +
           " holds arrays or records, which are not read: write the images to "
           "files, such as PNG, in a folder for each class";
  }
  if (Has(kOtherPictures, extension)) {
    return "; files such as " + shown + " are not read: convert them to JPEG or PNG";
  }
  return {};
}

std::string AdviceOnFileWithoutExtension(const std::string& path) {
  const char* extension = ExtensionByContent(path);
  if (extension == nullptr) return {};
  return "; " + PrintableName(path) +
         " has no extension but is an image: rename such files to end "
         "with ." +
         extension;
}

// "3 links: a/1.jpg, …", with the words for one or for many.
std::string Tell(const Counted& counted, const char* one, const char* many) {
  return ShowCount(counted.count) + ' ' + (counted.count == 1 ? one : many) + ": " +
         PrintableName(counted.first) + (counted.count == 1 ? "" : ", …");
}

}  // namespace

std::string DescribeNotTaken(const FolderListing& listing) {
  constexpr size_t kMostKinds = 6;
  using Kind = std::pair<std::string, uint64_t>;
  std::vector<Kind> kinds;
  uint64_t files = 0;
  for (const auto& [extension, counted] : listing.not_taken) {
    kinds.emplace_back(extension, counted.count);
    files += counted.count;
  }
  if (files == 0) return {};
  std::stable_sort(kinds.begin(), kinds.end(),
                   [](const Kind& a, const Kind& b) { return a.second > b.second; });
  std::string text = ShowCount(files, "file") + " not taken: ";
  for (size_t i = 0; i < std::min(kMostKinds, kinds.size()); ++i) {
    const auto& [extension, count] = kinds[i];
    if (i > 0) text += ", ";
    text += ShowCount(count) +
            (extension.empty() ? " without an extension" : " ." + PrintableName(extension));
  }
  if (kinds.size() > kMostKinds) {
    text += " and " + ShowCount(kinds.size() - kMostKinds) + " other extensions";
  }
  return text;
}

std::vector<std::string> NotesOn(const FolderListing& listing) {
  std::vector<std::string> notes;
  if (std::string text = DescribeNotTaken(listing); !text.empty()) {
    notes.push_back(std::move(text));
  }
  if (const Counted& links = listing.dead_links; links.count > 0) {
    notes.push_back(Tell(links, "link leads nowhere, and what it stood for is missing",
                         "links lead nowhere, and what they stood for is missing"));
  }
  if (const Counted& others = listing.no_files; others.count > 0) {
    notes.push_back(Tell(others, "FIFO, device or socket is not taken",
                         "FIFOs, devices or sockets are not taken"));
  }
  if (const Counted& folders = listing.repeated_folders; folders.count > 0) {
    notes.push_back(Tell(folders,
                         "folder is in the set already, by way of a link, and is taken once",
                         "folders are in the set already, by way of links, and are taken once"));
  }
  if (const Counted& images = listing.repeated_images; images.count > 0) {
    notes.push_back(Tell(images, "link leads to an image of the set, which therefore counts twice",
                         "links lead to images of the set, which therefore count twice"));
  }
  if (const Counted& images = listing.hard_links; images.count > 0) {
    notes.push_back(
        Tell(images, "image is a hard link to another of the set, which therefore counts twice",
             "images are hard links to others of the set, which therefore count twice"));
  }
  if (const Counted& folders = listing.hidden_folders; folders.count > 0) {
    notes.push_back(Tell(folders, "hidden folder is skipped", "hidden folders are skipped"));
  }
  return notes;
}

std::string AdviceOnFolder(const std::string& root, const FolderListing& listing,
                           const OptionNames& names) {
  if (!listing.images.empty()) {
    return "; it holds " + ShowCount(listing.images.size(), "image") + ", such as " +
           PrintableName(listing.images.front()) + ": set " + SetTo(names, "kind", "folder");
  }
  for (const std::string& file : listing.some_not_taken) {
    std::string advice = AdviceByName(fs::path(root) / file, names);
    if (!advice.empty()) return advice;
  }
  if (const auto plain = listing.not_taken.find(""); plain != listing.not_taken.end()) {
    return AdviceOnFileWithoutExtension(fs::path(root) / plain->second.first);
  }
  return {};
}

std::string AdviceOnFolder(const std::string& root, const OptionNames& names) {
  try {
    return AdviceOnFolder(root, ListFolder(root), names);
  } catch (const DataError&) {
    return {};
  }
}

std::string AdviceOnFile(const std::string& path, const OptionNames& names) {
  if (IsPackedFile(path)) {
    return "; it is a packed data set: set " + SetTo(names, "kind", "packed");
  }
  if (HasImageExtension(path)) {
    return "; it is an image: name the folder that it is in";
  }
  return AdviceByName(path, names);
}

}  // namespace flowtrain
