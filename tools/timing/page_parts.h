// The files of tools/timing/page/, put into the program when it is built.
#pragma once

#include <string_view>

namespace flowtrain {

extern const std::string_view kPageTemplate;  // page.html
extern const std::string_view kPageStyle;     // page.css
// figures.js, graph.js, charts.js, main.js: one script, in this order. A string for each: compilers
// need not take longer ones.
extern const std::string_view kPageScripts[4];

}  // namespace flowtrain
