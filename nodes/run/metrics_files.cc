#include "nodes/run/metrics_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "nodes/run/metric_names.h"
#include "nodes/run/write_file.h"
#include "pipeline/base/files/new_file.h"

namespace flowtrain {
namespace {

using Json = nlohmann::ordered_json;

// Empty for a line that is none of those that a run writes.
std::optional<MetricsRow> RowOf(const Json& line) {
  if (!line.is_object()) return {};
  if (line.contains("final")) return MetricsRow::kFinal;
  const auto step = line.find("step");
  if (step != line.end()) {
    return step->is_number_unsigned() ? std::optional(MetricsRow::kStep) : std::nullopt;
  }
  return line.contains("epoch") ? std::optional(MetricsRow::kEpoch) : std::nullopt;
}

std::string TableHeader() {
  std::string header = "row";
  for (const MetricName& name : MetricNames()) header += ',' + std::string(name.key);
  return header + '\n';
}

std::string Cell(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  return value.is_number() ? value.dump() : "";
}

// `step` is that of the last step so far: the rows of epochs and evaluations have it too.
std::string TableRow(MetricsRow row, const Json& line, uint64_t step) {
  std::string text = row == MetricsRow::kStep    ? "step"
                     : row == MetricsRow::kEpoch ? "epoch"
                                                 : "final";
  for (const MetricName& name : MetricNames()) {
    text += ',';
    if (name.key == "step") {
      text += std::to_string(step);
      continue;
    }
    const auto found = line.find(name.key);
    if (found != line.end()) text += Cell(*found);
  }
  return text + '\n';
}

// Null stands for a figure that is not finite, which TensorBoard marks in its plots.
std::optional<double> Figure(const Json& value) {
  if (value.is_null()) return std::nan("");
  if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

// As a block of code, which Markdown takes from lines that are indented.
std::string CodeBlock(const std::string& text) {
  std::string block;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    block += "    " + text.substr(begin, end - begin) + '\n';
    begin = end + 1;
  }
  return block;
}

int OpenToAppend(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) FailWrite(path, errno);
  return file;
}

}  // namespace

MetricsFiles::MetricsFiles(Options options)
    : options_(std::move(options)),
      metrics_path_(options_.folder + "/metrics.jsonl"),
      table_path_(options_.folder + "/metrics.csv"),
      step_(options_.start_step) {
  RemakeTable();
  metrics_ = OpenToAppend(metrics_path_);
}

MetricsFiles::~MetricsFiles() {
  ::close(metrics_);
  if (table_ >= 0) ::close(table_);
}

void MetricsFiles::Append(const std::string& json_line) {
  WriteAll(metrics_, json_line + '\n', metrics_path_);
  const Json line = Json::parse(json_line, nullptr, false);
  const std::optional<MetricsRow> row = RowOf(line);
  if (!row) return;
  if (row == MetricsRow::kStep) step_ = line["step"].get<uint64_t>();

  if (table_ < 0) {
    const bool is_new = !std::filesystem::exists(table_path_);
    table_ = OpenToAppend(table_path_);
    if (is_new) WriteAll(table_, TableHeader(), table_path_);
  }
  WriteAll(table_, TableRow(*row, line, step_), table_path_);

  if (!options_.tensorboard) return;
  std::vector<std::pair<std::string, double>> values;
  for (const auto& [key, value] : line.items()) {
    if (key == "final") continue;
    const std::optional<double> figure = Figure(value);
    std::string tag = MetricTag(*row, key);
    if (!figure || tag.empty()) continue;
    // The accuracy after an epoch is in the lines of its last step, of the epoch and of the end.
    const auto [last, is_new] = tagged_.try_emplace(tag, step_);
    if (!is_new && std::exchange(last->second, step_) == step_) continue;
    values.emplace_back(std::move(tag), *figure);
  }
  if (!values.empty()) Events().AddScalars(step_, values);
}

void MetricsFiles::AppendPicture(std::string_view tag, std::span<const uint8_t> png, int height,
                                 int width) {
  if (options_.tensorboard) Events().AddPicture(step_, tag, png, height, width);
}

// The lines that are there may be those of a run that is resumed, of a program without this table,
// or of one with other columns.
void MetricsFiles::RemakeTable() {
  std::error_code error;
  if (std::filesystem::file_size(metrics_path_, error) == 0 || error) {
    std::filesystem::remove(table_path_, error);
    return;
  }
  std::ifstream in(metrics_path_);
  std::string table = TableHeader();
  uint64_t step = 0;
  for (std::string text; std::getline(in, text);) {
    const Json line = Json::parse(text, nullptr, false);
    const std::optional<MetricsRow> row = RowOf(line);
    if (!row) continue;
    if (row == MetricsRow::kStep) step = line["step"].get<uint64_t>();
    table += TableRow(*row, line, step);
  }
  WriteNewFile(table_path_, table);
}

EventFile& MetricsFiles::Events() {
  if (events_) return *events_;
  events_ = std::make_unique<EventFile>(options_.folder);
  events_->RestartAt(options_.start_step + 1);
  events_->AddMarkdown(options_.start_step, "configuration", CodeBlock(options_.configuration));
  return *events_;
}

}  // namespace flowtrain
