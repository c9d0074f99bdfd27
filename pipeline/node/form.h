// A bound for options.h: text of a form that a function checks.
#pragma once

#include <functional>
#include <string>

#include "pipeline/node/options.h"

namespace flowtrain {

struct Form {
  std::function<std::string(const std::string&)> check;  // an empty string, or what is wrong
  std::string allowed;                                   // "auto, cpu, cuda or cuda:N"
};

// What options.h asks of the bounds of text.
inline const Form& NamesOf(const Form& form) { return form; }
inline std::string CheckChoice(const std::string& value, const Form& form) {
  return form.check(value);
}
inline std::string BoundText(const Form& form) { return form.allowed; }
inline void Narrow(OptionForm&, const Form&) {}  // no list of names

}  // namespace flowtrain
