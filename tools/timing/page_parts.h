// The files of tools/timing/page/, built into the program.
#pragma once

#include <string_view>

namespace flowtrain {

extern const std::string_view kPageTemplate;  // page.html
extern const std::string_view kPageStyle;     // page.css
// figures.js, graph.js, charts.js, main.js: one script, in this order. Each is a string of its own:
// compilers need not accept longer ones.
extern const std::string_view kPageScripts[4];

}  // namespace flowtrain
