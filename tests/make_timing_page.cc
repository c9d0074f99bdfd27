// Makes the page of a timing.json from standard input, for the test that looks at it in a browser.
#include <iostream>
#include <nlohmann/json.hpp>

#include "tools/timing/html_page.h"

int main() {
  std::cout << flowtrain::TimingPage(nlohmann::json::parse(std::cin));
  return std::cout.flush() ? 0 : 1;
}
