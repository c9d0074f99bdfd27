#include "pipeline/runtime/graph_settings.h"

namespace flowtrain {
namespace {

void AddChange(std::string& text, const std::string& what, int from, int to) {
  if (from == to) return;
  text +=
      (text.empty() ? "" : ", ") + what + ' ' + std::to_string(from) + " -> " + std::to_string(to);
}

}  // namespace

std::string DescribeChange(const GraphSettings& from, const GraphSettings& to,
                           const std::vector<std::string>& names) {
  std::string text;
  AddChange(text, "threads", from.threads, to.threads);
  for (size_t i = 0; i < names.size(); ++i) {
    AddChange(text, names[i] + " workers", from.workers[i], to.workers[i]);
  }
  AddChange(text, "sample slots", from.sample_slots, to.sample_slots);
  AddChange(text, "batch buffers", from.batch_slots, to.batch_slots);
  return text.empty() ? "nothing" : text;
}

}  // namespace flowtrain
