#include "nodes/data/describe_set.h"

#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {

std::string DescribeTrained(const std::string& title, const std::vector<std::string>& splits) {
  std::string text = title;
  for (size_t i = 0; i < splits.size(); ++i) {
    text.append(i == 0 ? ", " : " + ").append(PrintableName(splits[i]));
  }
  return text;
}

std::string DescribeSet(const std::string& trained, const std::string& judged_on,
                        const SetCounts& counts) {
  std::string text = trained + ": " + ShowCount(counts.images, "image");
  if (counts.classes > 0) text += " in " + ShowCount(counts.classes) + " classes";
  if (judged_on.empty()) return text;
  return text + "; judged on " + PrintableName(judged_on) + ": " +
         ShowCount(counts.queries, "image");
}

}  // namespace flowtrain
