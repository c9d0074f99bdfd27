#include "nodes/data/list_set.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "nodes/data/data_root.h"
#include "nodes/data/folder_set.h"
#include "nodes/data/listed_layout.h"
#include "nodes/data/packed_file.h"
#include "nodes/data/unread_files.h"
#include "nodes/image/image_extension.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/descriptor.h"
#include "pipeline/base/files/read_file.h"
#include "pipeline/base/text/csv.h"
#include "pipeline/base/text/lower_case.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/trimmed.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostListBytes = size_t{4} << 30;

// What columns are called, in lower case.
constexpr std::array<std::string_view, 6> kPathNames = {"path",      "file",  "filename",
                                                        "file_name", "image", "filepath"};
constexpr std::array<std::string_view, 2> kLabelNames = {"label", "class"};
constexpr std::array<std::string_view, 1> kSplitNames = {"split"};

// The column that has the first of the names that one of them has.
template <typename Names>
std::optional<size_t> ColumnOf(const std::vector<std::string>& fields, const Names& names) {
  for (const std::string_view name : names) {
    for (size_t i = 0; i < fields.size(); ++i) {
      if (InLowerCase(Trimmed(fields[i])) == name) return i;
    }
  }
  return std::nullopt;
}

struct Columns {
  size_t path = 0;
  std::optional<size_t> label, split;
  size_t count = 0;  // of a record; 0: not said by a header
};

struct List {
  std::vector<std::string> paths;
  std::vector<size_t> lines;  // of each path
  ListedImages listed;
};

class ListReader {
 public:
  explicit ListReader(const std::string& path) : path_(path) {}

  List Read() && {
    std::string text, why;
    if (!ReadWholeFile(path_, kMostListBytes, text, &why)) {
      throw ConfigError("cannot read the list " + PrintableName(path_) + ": " + why);
    }
    std::string_view rest = text;
    if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);  // as spreadsheets begin a file
    CsvRecord record;
    size_t line = 1;
    bool first = true;
    while (TakeCsvRecord(&rest, &line, &record)) {
      if (record.quoted) Fail(record.line, "a quote opens here that nothing closes");
      if (record.fields.size() == 1 && Trimmed(record.fields[0]).empty()) continue;
      const bool is_header = first && TakeHeader(record);
      first = false;
      if (!is_header) Take(record);
    }
    return std::move(list_);
  }

 private:
  [[noreturn]] void Fail(size_t line, const std::string& what) const {
    throw ConfigError(PrintableName(path_) + ':' + std::to_string(line) + ": " + what);
  }

  bool TakeHeader(const CsvRecord& record) {
    const auto path = ColumnOf(record.fields, kPathNames);
    if (!path) return false;
    columns_ = {*path, ColumnOf(record.fields, kLabelNames), ColumnOf(record.fields, kSplitNames),
                record.fields.size()};
    return true;
  }

  void Take(CsvRecord& record) {
    if (columns_.count == 0) {
      const size_t fields = record.fields.size();
      if (fields > 2) {
        Fail(record.line,
             "it has " + std::to_string(fields) +
                 " fields, and a line is a path or path,label: put a path with a comma "
                 "in quotes, or name the columns in a first line such as path,label");
      }
      if (fields == 2) columns_.label = 1;
    } else if (record.fields.size() != columns_.count) {
      Fail(record.line, "it has " + ShowCount(record.fields.size(), "field") +
                            ", and the first line names " + std::to_string(columns_.count));
    }
    std::string& path = record.fields[columns_.path];
    if (path.empty()) Fail(record.line, "it names no file");
    if (path.find('\0') != path.npos) Fail(record.line, "its path holds a zero byte");
    list_.paths.push_back(std::move(path));
    list_.lines.push_back(record.line);
    Add(record, columns_.label, list_.listed.labels);
    Add(record, columns_.split, list_.listed.splits);
  }

  // Lines before the first that has such a field have none.
  void Add(const CsvRecord& record, std::optional<size_t> column, std::vector<std::string>& out) {
    if (!column) return;
    out.resize(list_.paths.size());
    if (*column < record.fields.size()) out.back() = Trimmed(record.fields[*column]);
  }

  const std::string& path_;
  Columns columns_;
  List list_;
};

List ReadList(const std::string& path, const OptionNames& names) {
  NeedFile(path, "list", names);
  if (IsPackedFile(path) || HasImageExtension(path)) {
    throw ConfigError(PrintableName(path) + ", which " + NameOf(names, "root") +
                      " names, is not a list of images" + AdviceOnFile(path, names));
  }
  List list = ListReader(path).Read();
  if (!list.paths.empty()) return list;
  throw ConfigError("the list " + PrintableName(path) + ", which " + NameOf(names, "root") +
                    " names, names no image");
}

std::string FolderOf(const std::string& list) {
  const std::string folder = fs::path(list).parent_path();
  return folder.empty() ? "." : folder;
}

// Looks for the files of a list.
class FileSearch {
 public:
  FileSearch(const std::string& path, const List& list)
      : path_(path),
        list_(list),
        folder_(open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

  // What is not there, or stands twice. Throws ConfigError where nothing is there.
  std::vector<std::string> Notes(const OptionNames& names) {
    Search();
    if (missing_ == list_.paths.size()) NothingThere(names);
    std::vector<std::string> notes;
    if (missing_ > 0) {
      notes.push_back(ShowCount(missing_, "file") + " of " + ShowCount(list_.paths.size()) +
                      (missing_ == 1 ? " is" : " are") +
                      " missing or cannot be read, and count as bad images:" + some_missing_ +
                      (missing_ > kNamed ? ", …" : ""));
    }
    std::unordered_set<std::string_view> seen;
    Counted repeated;
    for (const std::string& one : list_.paths) {
      if (!seen.insert(one).second) repeated.Add(one);
    }
    if (repeated.count > 0) {
      notes.push_back(ShowCount(repeated.count, "line") +
                      (repeated.count == 1 ? " names a file that is" : " name files that are") +
                      " listed before, and count again: " + PrintableName(repeated.first) +
                      (repeated.count == 1 ? "" : ", …"));
    }
    return notes;
  }

 private:
  static constexpr uint64_t kNamed = 5;

  void Search() {
    for (size_t i = 0; i < list_.paths.size(); ++i) {
      struct stat status {};
      const bool found = fstatat(folder_.fd, list_.paths[i].c_str(), &status, 0) == 0;
      if (found && S_ISREG(status.st_mode)) continue;
      const std::string why =
          found ? "it is not a regular file" : std::generic_category().message(errno);
      if (missing_++ >= kNamed) continue;
      some_missing_ += (missing_ == 1 ? " " : ", ") + PrintableName(list_.paths[i]) + " (line " +
                       std::to_string(list_.lines[i]) + ": " + why + ')';
    }
  }

  [[noreturn]] void NothingThere(const OptionNames& names) const {
    const std::string& first = list_.paths.front();
    const fs::path looked = fs::absolute(FolderOf(path_)) / first;
    std::string text = "none of the " + ShowCount(list_.paths.size(), "file") + " that the list " +
                       PrintableName(path_) + ", which " + NameOf(names, "root") +
                       " names, names is there: line " + std::to_string(list_.lines.front()) +
                       " is " + PrintableName(looked.lexically_normal().string()) +
                       "; paths are relative to the list's folder";
    const size_t blank = first.find_last_of(" \t;");
    if (blank != first.npos &&
        faccessat(folder_.fd, first.substr(0, blank).c_str(), F_OK, 0) == 0) {
      text += "; put a comma between path and label";
    }
    throw ConfigError(text);
  }

  const std::string& path_;
  const List& list_;
  const Descriptor folder_;
  uint64_t missing_ = 0;
  std::string some_missing_;
};

FolderPart PartOf(List& list, const ListedLayout& layout, const std::vector<uint64_t>& images) {
  FolderPart part;
  for (const uint64_t image : images) {
    part.files.push_back(std::move(list.paths[image]));
    if (!layout.classes.empty()) part.labels.push_back(layout.labels[image]);
  }
  return part;
}

}  // namespace

std::unique_ptr<ImageSet> OpenList(const std::string& path, const std::vector<std::string>& splits,
                                   const OptionNames& names) {
  List list = ReadList(path, names);
  const std::string shown = PrintableName(path);
  std::vector<std::string> notes = FileSearch(path, list).Notes(names);
  ListedLayout listed =
      LayOutListed("the list " + shown, list.paths.size(), list.listed, splits, names);
  notes.insert(notes.end(), listed.notes.begin(), listed.notes.end());
  for (std::string& note : notes) note.insert(0, shown + ": ");
  FolderLayout layout;
  layout.training = PartOf(list, listed, listed.training);
  layout.judged = PartOf(list, listed, listed.judged);
  layout.splits = std::move(listed.splits);
  layout.judged_on = std::move(listed.judged_on);
  layout.classes = std::move(listed.classes);
  layout.why_not = std::move(listed.why_not);
  return MakeFileSet("list " + shown, FolderOf(path), std::move(layout), std::move(notes));
}

std::vector<std::string> PathsOfList(const std::string& path, const OptionNames& names) {
  return ReadList(path, names).paths;
}

}  // namespace flowtrain
