#include "tools/timing/html_page.h"

#include <iterator>

#include "tools/timing/page_parts.h"

namespace flowtrain {
namespace {

// JSON that an HTML parser passes over: without '<', nothing in it can end the element around it.
// (In JSON, '<' occurs only in strings.)
std::string ForScriptElement(const nlohmann::json& json) {
  const std::string text = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string safe;
  safe.reserve(text.size());
  for (const char character : text) {
    if (character == '<') {
      safe += "\\u003c";
    } else {
      safe += character;
    }
  }
  return safe;
}

// Removes `page` up to `mark` from its front and returns it.
std::string_view TakeUpTo(std::string_view mark, std::string_view& page) {
  const size_t at = page.find(mark);
  const std::string_view before = page.substr(0, at);
  page.remove_prefix(at + mark.size());
  return before;
}

}  // namespace

std::string FillPage(std::string_view page, std::string_view style, const nlohmann::json& data,
                     const std::vector<std::string_view>& scripts) {
  std::string filled;
  filled += TakeUpTo("/*style*/", page);
  filled += style;
  filled += TakeUpTo("/*data*/", page);
  filled += ForScriptElement(data);
  filled += TakeUpTo("/*script*/", page);
  for (const std::string_view script : scripts) filled += script;
  filled += page;
  return filled;
}

std::string TimingPage(const nlohmann::json& timing) {
  return FillPage(kPageTemplate, kPageStyle, timing,
                  {std::begin(kPageScripts), std::end(kPageScripts)});
}

}  // namespace flowtrain
