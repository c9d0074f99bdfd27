// Runs as a web page.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tools/report/plot_pictures.h"
#include "tools/runs/run_record.h"

namespace flowtrain {

// What the page shows of the runs, in their order: figures, series of at most kMostPoints points,
// parameters, the verdict of their timing.json, and what evaluations of them have written.
nlohmann::ordered_json ReportData(const std::vector<RunRecord>& runs);
inline constexpr size_t kMostPoints = 2000;
// The page draws the embeddings of the first runs that have some. report.js has this number too.
inline constexpr int kMostEmbeddings = 3;

// One HTML page that needs no other file and no network, made from ReportData. Opened with
// #plot=ID it shows that plot alone.
std::string ReportPage(const nlohmann::ordered_json& data);

// The plots that the page has.
std::vector<PlotPicture> PlotsOf(const nlohmann::ordered_json& data);

}  // namespace flowtrain
