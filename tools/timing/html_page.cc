#include "tools/timing/html_page.h"

#include <string_view>

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

std::string TimingPage(const nlohmann::json& timing) {
  std::string_view rest = kPageTemplate;
  std::string page;
  page += TakeUpTo("/*style*/", rest);
  page += kPageStyle;
  page += TakeUpTo("/*timing*/", rest);
  page += ForScriptElement(timing);
  page += TakeUpTo("/*script*/", rest);
  for (const std::string_view script : kPageScripts) page += script;
  page += rest;
  return page;
}

}  // namespace flowtrain
