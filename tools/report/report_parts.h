// The files of tools/report/page/, built into the program.
#pragma once

#include <string_view>

namespace flowtrain {

extern const std::string_view kReportTemplate;  // report.html
extern const std::string_view kReportStyle;     // report.css, after the style of the timing page
extern const std::string_view
    kReportScripts[3];  // plots.js, embeddings.js, report.js; after figures.js

}  // namespace flowtrain
