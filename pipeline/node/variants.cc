#include "pipeline/node/variants.h"

#include "pipeline/base/text/suggest.h"
#include "pipeline/config/problems.h"

namespace flowtrain::internal {

std::string WrongInItem(size_t item, const std::string& wrong) {
  return "item " + std::to_string(item) + ": " + wrong;
}

std::string UnknownField(const std::string& name, const std::vector<std::string>& known) {
  const std::string nearest = DidYouMean(name, known);
  return "there is no " + Quoted(name) +
         (nearest.empty() ? "; known are " + JoinNames(known) : nearest);
}

}  // namespace flowtrain::internal
