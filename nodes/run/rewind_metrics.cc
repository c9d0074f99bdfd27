#include "nodes/run/rewind_metrics.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "pipeline/base/files/new_file.h"
#include "pipeline/base/log.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

enum class Place { kBefore, kAfter, kBroken };

// A line marked `final` ends a run, and this run goes on.
Place PlaceOf(const std::string& line, uint64_t steps_done) {
  const nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) return Place::kBroken;
  if (object.contains("final")) return Place::kAfter;
  const auto step = object.find("step");
  if (step == object.end() || !step->is_number_unsigned()) return Place::kBefore;
  return step->get<uint64_t>() > steps_done ? Place::kAfter : Place::kBefore;
}

struct Parts {
  std::string kept, moved;
  uint64_t lines_moved = 0;
  bool line_break_missing = false;  // at the end of the file
};

// Everything after the first line of a later step counts as later: an epoch's line has no step.
Parts Split(const std::string& path, uint64_t steps_done) {
  Parts parts;
  std::ifstream in(path);
  bool later = false;
  for (std::string line; std::getline(in, line);) {
    const Place place = PlaceOf(line, steps_done);
    later = later || place == Place::kAfter;
    const bool moves = later || place == Place::kBroken;
    (moves ? parts.moved : parts.kept) += line + '\n';
    if (moves) ++parts.lines_moved;
    parts.line_break_missing = in.eof();
  }
  return parts;
}

void AppendTo(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::app | std::ios::binary);
  out << text;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path + "; is its disk full?");
}

}  // namespace

void RewindMetrics(const std::string& path, uint64_t steps_done) {
  if (!fs::is_regular_file(path)) return;
  const Parts parts = Split(path, steps_done);
  if (parts.lines_moved == 0 && !parts.line_break_missing) return;
  const std::string aside = fs::path(path).replace_extension(".abandoned.jsonl").string();
  // Appended first: a crash in between leaves lines in both files, and none in neither.
  if (parts.lines_moved > 0) AppendTo(aside, parts.moved);
  WriteNewFile(path, parts.kept);
  if (parts.lines_moved == 0) return;
  LogInfo("lines of " + path + " about steps after step " + std::to_string(steps_done) +
          ", moved to " + aside + ": " + std::to_string(parts.lines_moved));
}

}  // namespace flowtrain
