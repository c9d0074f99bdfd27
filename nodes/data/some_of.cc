#include "nodes/data/some_of.h"

#include <algorithm>

#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {

std::string SomeOf(const std::vector<std::string>& names) {
  constexpr size_t kNamed = 5;
  std::string text;
  for (size_t i = 0; i < std::min(kNamed, names.size()); ++i) {
    text += (i == 0 ? "" : ", ") + PrintableName(names[i]);
  }
  if (names.size() > kNamed) text += " and " + ShowCount(names.size() - kNamed) + " more";
  return text;
}

}  // namespace flowtrain
