#include "tools/report/evaluation_files.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/base/text/base64.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/shell_word.h"
#include "pipeline/config/config.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr char kConfusion[] = "confusion.json", kConfusionPicture[] = "confusion.png";
constexpr char kEmbedding[] = "embedding.json";

std::string ReadAll(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool IsFile(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error);
}

// Whether the run in `folder` evaluated a checkpoint of `run`.
bool Evaluated(const fs::path& folder, const RunRecord& run) {
  try {
    const Config config((folder / "config.yaml").string());
    const auto checkpoint = config.GetOr<std::string>("checkpoint", "");
    if (checkpoint.empty()) return false;
    std::error_code error;
    const std::string below = fs::relative(fs::weakly_canonical(checkpoint, error),
                                           fs::weakly_canonical(run.path, error), error);
    return !error && !below.empty() && !below.starts_with("..");
  } catch (const ConfigError&) {
    return false;  // it is not the run that was asked for
  }
}

// The run's own folder, then those of evaluations beside it that hold one of these files.
std::vector<fs::path> FoldersWith(const RunRecord& run, const std::vector<std::string>& files) {
  std::error_code error;
  const fs::path whole = fs::weakly_canonical(run.path, error);
  std::vector<fs::path> beside;
  fs::directory_iterator entry(whole.parent_path(), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const fs::path& folder = entry->path();
    const bool has = std::any_of(files.begin(), files.end(),
                                 [&](const std::string& file) { return IsFile(folder / file); });
    if (folder != whole && has && Evaluated(folder, run)) beside.push_back(folder);
  }
  std::sort(beside.begin(), beside.end());
  beside.insert(beside.begin(), run.path);
  return beside;
}

// Null: there is none of this format.
Json ReadFormat(const fs::path& file, const char* format) {
  if (!IsFile(file)) return nullptr;
  Json json = Json::parse(ReadAll(file), nullptr, false);
  if (!json.is_object() || json.value("format", Json()) != format) return nullptr;
  return json.value("version", Json()) == 1 ? json : Json(nullptr);
}

bool AreNames(const Json& json) {
  return json.is_array() &&
         std::all_of(json.begin(), json.end(), [](const Json& one) { return one.is_string(); });
}

bool IsConfusion(const Json& json) {
  if (!json.is_object() || !AreNames(json.value("classes", Json()))) return false;
  const size_t classes = json["classes"].size();
  const Json counts = json.value("counts", Json());
  return classes > 0 && counts.is_array() && counts.size() == classes &&
         std::all_of(counts.begin(), counts.end(), [&](const Json& row) {
           return row.is_array() && row.size() == classes &&
                  std::all_of(row.begin(), row.end(),
                              [](const Json& one) { return one.is_number_unsigned(); });
         });
}

bool IsImage(const Json& json, size_t classes) {
  if (!json.is_object() || !json.value("name", Json()).is_string()) return false;
  const Json label = json.value("label", Json());
  return label.is_number_unsigned() && label.get<uint64_t>() < classes;
}

bool IsFinite(const Json& json, const char* key) {
  const Json number = json.value(key, Json());
  return number.is_number() && std::isfinite(number.get<double>());
}

bool AreImages(const Json& json, size_t classes, const std::vector<const char*>& numbers) {
  return json.is_array() && !json.empty() &&
         std::all_of(json.begin(), json.end(), [&](const Json& one) {
           return IsImage(one, classes) &&
                  std::all_of(numbers.begin(), numbers.end(),
                              [&](const char* key) { return IsFinite(one, key); });
         });
}

bool ArePictures(const Json& json) {
  if (!json.is_object()) return false;
  for (const char* key : {"side", "columns"}) {
    const Json number = json.value(key, Json());
    if (!number.is_number_unsigned() || number == 0) return false;
  }
  return json.value("png", Json()).is_string();
}

bool IsEmbedding(const Json& json) {
  if (!json.is_object() || !AreNames(json.value("classes", Json()))) return false;
  const size_t classes = json["classes"].size();
  const Json map = json.value("map", Json()), near = json.value("neighbours", Json());
  if (!map.is_object() || !near.is_object()) return false;
  const Json queries = near.value("queries", Json());
  return json.value("queries", Json()).is_string() && json.value("bank", Json()).is_string() &&
         IsFinite(map, "images") && AreImages(map.value("points", Json()), classes, {"x", "y"}) &&
         ArePictures(map.value("pictures", Json())) &&
         ArePictures(near.value("pictures", Json())) && AreImages(queries, classes, {}) &&
         std::all_of(queries.begin(), queries.end(), [&](const Json& one) {
           return AreImages(one.value("nearest", Json()), classes, {"cosine"});
         });
}

}  // namespace

Json ConfusionsOf(const RunRecord& run) {
  Json all = Json::array();
  for (const fs::path& folder : FoldersWith(run, {kConfusion, kConfusionPicture})) {
    const fs::path picture = folder / kConfusionPicture;
    if (const Json json = ReadFormat(folder / kConfusion, "flowtrain confusion");
        IsConfusion(json)) {
      all.push_back({{"from", PrintableName((folder / kConfusion).string())},
                     {"classes", json["classes"]},
                     {"counts", json["counts"]}});
    } else if (IsFile(picture)) {
      const std::string png = ReadAll(picture);
      all.push_back(
          {{"from", PrintableName(picture.string())},
           {"picture", "data:image/png;base64," +
                           Base64({reinterpret_cast<const uint8_t*>(png.data()), png.size()})}});
    }
  }
  return all;
}

Json EmbeddingOf(const RunRecord& run) {
  const std::vector<fs::path> folders = FoldersWith(run, {kEmbedding});
  Json newest;
  fs::file_time_type written;
  for (const fs::path& folder : folders) {
    const fs::path file = folder / kEmbedding;
    std::error_code error;
    const fs::file_time_type time = fs::last_write_time(file, error);
    if (error || (!newest.is_null() && time <= written)) continue;
    Json json = ReadFormat(file, "flowtrain embedding");
    if (!IsEmbedding(json)) continue;
    json["from"] = PrintableName(file.string());
    newest = std::move(json);
    written = time;
    if (folder == folders.front()) break;
  }
  return newest;
}

std::string MissingOf(const RunRecord& run, bool no_confusion, bool no_embedding) {
  if (!no_confusion && !no_embedding) return {};
  std::string what = no_embedding ? "map of the embeddings or nearest neighbours" : "";
  if (no_confusion)
    what += (what.empty() ? "" : ", and no ") + std::string("confusion of the classes");
  std::error_code error;
  if (!fs::is_directory(fs::path(run.path) / "checkpoints", error)) {
    return "no " + what + ": there is no checkpoint to evaluate";
  }
  const std::string given = " --set " + ShellWord("checkpoint=" + run.path);
  std::string how;
  if (no_embedding) how = "flowtrain graphs/knn.yaml" + given;
  if (no_confusion) {
    how += (how.empty() ? "" : " && ") + ("flowtrain graphs/linear_probe.yaml" + given);
  }
  return "no " + what + ". On images with labels this makes them: " + how;
}

}  // namespace flowtrain
