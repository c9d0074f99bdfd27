// The line of metrics.jsonl that ends an evaluation.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>

namespace flowtrain {

// A figure, or a count.
using FinalFigure = std::variant<double, uint64_t>;

// {"final":true,"knn_top1":36.25,"bad_images":2}: the figures by name, in the order given. A figure
// that is not finite becomes null.
std::string FinalLine(std::initializer_list<std::pair<const char*, FinalFigure>> figures);

}  // namespace flowtrain
