// `flowtrain report`: runs as one page.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/base/files/new_file.h"
#include "pipeline/base/files/output_path.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/report/plot_pictures.h"
#include "tools/report/report_page.h"
#include "tools/runs/run_record.h"

namespace flowtrain {
namespace {

struct ReportRequest {
  std::vector<std::string> runs;
  std::string out = "report.html", png;
};

// Throws ConfigError for a folder that is no run, and DataError for files that cannot be written.
ExitCode WriteReport(const ReportRequest& request, std::ostream& out) {
  if (!request.png.empty() && FindChromium().empty()) DrawPlots(request.out, {}, request.png);
  TryOutput(request.out);
  std::vector<RunRecord> runs;
  for (const std::string& run : request.runs) runs.push_back(ReadRun(FindRun(run)));
  const auto data = ReportData(runs);
  WriteNewFile(request.out, ReportPage(data));
  out << request.out << ": " << std::filesystem::absolute(request.out).string()
      << " in a browser shows it\n"
      << std::flush;
  if (request.png.empty()) return ExitCode::kDone;
  for (const std::string& file : DrawPlots(request.out, PlotsOf(data), request.png)) {
    out << file << '\n';
  }
  return ExitCode::kDone;
}

}  // namespace

Command AddReport(CLI::App& app) {
  const auto request = std::make_shared<ReportRequest>();
  CLI::App* report = app.add_subcommand(
      "report", "Write one page of runs: loss, speed, kNN, memory, what differs between them");
  TakesPath(report->add_option("RUN", request->runs, "Folders of runs, or their names in runs/"))
      ->required();
  TakesPath(report->add_option("--out", request->out, "File to write (.html)"))
      ->type_name("FILE")
      ->capture_default_str();
  TakesPath(report->add_option("--png", request->png,
                               "Draw each plot to a picture in this folder too; needs Chromium"))
      ->type_name("DIR");
  return {report, [request](StopSignals&) { return WriteReport(*request, std::cout); }};
}

}  // namespace flowtrain
