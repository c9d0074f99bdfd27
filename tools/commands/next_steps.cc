#include "tools/commands/next_steps.h"

#include <filesystem>
#include <system_error>

#include "tools/load/path_word.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

std::string Below(const RunEnd& end, const char* name) {
  return PathWord((fs::path(end.run_dir) / name).string());
}

std::string ExportCommand(const RunEnd& end) {
  constexpr char kName[] = "backbone.safetensors";
  std::error_code ignored;
  const bool there = fs::exists(fs::path(end.run_dir) / kName, ignored);
  return "  flowtrain export " + PathWord(end.run_dir) + " --to " + Below(end, kName) +
         (there ? " --force" : "");
}

std::string ReportCommand(const RunEnd& end) {
  return "  flowtrain report " + PathWord(end.run_dir) + " --out " + Below(end, "report.html");
}

std::string PreviewCommand(const RunEnd& end) {
  return "  flowtrain preview " + PathWord(end.graph) + " --config " + Below(end, "config.yaml") +
         " --out " + Below(end, "views.png");
}

}  // namespace

std::vector<std::string> NextSteps(const RunEnd& end) {
  std::vector<std::string> lines;
  if (end.checkpoint.empty()) {
    lines.emplace_back("there is no checkpoint, so no weights were kept; what the run has shown:");
  } else if (end.interrupted) {
    lines.emplace_back("to go on with the run:");
    lines.push_back("  flowtrain " + PathWord(end.graph) + " --resume " + PathWord(end.run_dir));
    lines.push_back("weights so far: " + end.checkpoint + "; to use them, and to look at the run:");
  } else {
    lines.push_back("weights: " + end.checkpoint +
                    "; to use them, to look at the run, and at the views it was trained on:");
  }
  if (!end.checkpoint.empty()) lines.push_back(ExportCommand(end));
  lines.push_back(ReportCommand(end));
  if (end.interrupted) return lines;
  lines.push_back(PreviewCommand(end));
  if (!end.on_samples) return lines;
  lines.emplace_back("to train on images of your own, in the folder DIR:");
  lines.push_back("  flowtrain init DIR && flowtrain " + PathWord(end.graph) +
                  " --config flowtrain.yaml");
  return lines;
}

}  // namespace flowtrain
