#include "tools/report/report_page.h"

#include <algorithm>

#include "tools/report/report_parts.h"
#include "tools/timing/html_page.h"
#include "tools/timing/page_parts.h"

namespace flowtrain {

std::string ReportPage(const nlohmann::ordered_json& data) {
  const std::string style = std::string(kPageStyle) + std::string(kReportStyle);
  const std::string_view figures = kPageScripts[0];
  return FillPage(kReportTemplate, style, data,
                  {figures, kReportScripts[0], kReportScripts[1], kReportScripts[2]});
}

std::vector<PlotPicture> PlotsOf(const nlohmann::ordered_json& data) {
  std::vector<PlotPicture> plots;
  for (const char* id : {"loss", "lr", "images_per_s", "data_wait", "knn_top1", "vram"}) {
    bool any = false;
    for (const auto& run : data["runs"]) {
      for (const auto& value : run["series"][id]["values"]) any = any || value.is_number();
    }
    if (any) plots.push_back({id, 400});
  }
  int embeddings = 0, confusions = 0;
  for (const auto& run : data["runs"]) {
    embeddings += run["embedding"].is_null() ? 0 : 1;
    confusions += static_cast<int>(run["confusions"].size());
  }
  embeddings = std::min(embeddings, kMostEmbeddings);
  if (embeddings > 0) {
    plots.push_back({"embeddings", 100 + 780 * embeddings});
    plots.push_back({"neighbours", 100 + 780 * embeddings});
  }
  if (confusions > 0) plots.push_back({"confusion", 120 + 760 * confusions});
  return plots;
}

}  // namespace flowtrain
