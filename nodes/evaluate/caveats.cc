#include "nodes/evaluate/caveats.h"

#include <ATen/Functions.h>

#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

constexpr int64_t kFewQueries = 10;
constexpr size_t kClassesNamed = 6;  // at most, in a sentence

std::string ShowNumber(int64_t count) { return ShowCount(static_cast<uint64_t>(count)); }

// Images of each class.
std::vector<int64_t> ImagesOf(const at::Tensor& labels, size_t classes) {
  const at::Tensor counts = at::bincount(labels.cpu(), {}, static_cast<int64_t>(classes));
  const at::Tensor whole = counts.to(at::kLong).contiguous();
  const auto* first = whole.const_data_ptr<int64_t>();
  return {first, first + whole.numel()};
}

// Some classes, with the images that they have in all.
class ClassList {
 public:
  void Add(const std::string& name, int64_t images) {
    if (classes_++ < kClassesNamed) names_ += (names_.empty() ? "" : ", ") + name;
    images_ += images;
  }
  bool empty() const { return classes_ == 0; }
  int64_t images() const { return images_; }
  // "class ship", "classes ship, truck and 3 more"
  std::string Text() const {
    std::string text = (classes_ == 1 ? "class " : "classes ") + names_;
    if (classes_ > kClassesNamed)
      text += " and " + std::to_string(classes_ - kClassesNamed) + " more";
    return text;
  }

 private:
  size_t classes_ = 0;
  int64_t images_ = 0;
  std::string names_;
};

}  // namespace

bool IsOneClass(const at::Tensor& labels) { return labels.eq(labels[0]).all().item<bool>(); }

std::vector<std::string> Caveats(const at::Tensor& bank, const at::Tensor& queries,
                                 const std::vector<std::string>& classes, bool leave_one_out) {
  std::vector<std::string> caveats;
  const auto name = [&](const at::Tensor& labels) {
    return classes[static_cast<size_t>(labels[0].item<int64_t>())];
  };
  if (IsOneClass(bank)) {
    caveats.push_back("all " + ShowNumber(bank.size(0)) + " images of the bank are of the class " +
                      name(bank) + ": every query is taken for one");
  }
  if (!leave_one_out && IsOneClass(queries)) {
    caveats.push_back("all " + ShowNumber(queries.size(0)) + " queries are of the class " +
                      name(queries));
  }
  const std::vector<int64_t> known = ImagesOf(bank, classes.size()),
                             asked = ImagesOf(queries, classes.size());
  ClassList unknown, unasked;
  for (size_t i = 0; i < classes.size(); ++i) {
    const int64_t others = known[i] - (leave_one_out ? 1 : 0);
    if (asked[i] > 0 && others <= 0) unknown.Add(classes[i], asked[i]);
    if (asked[i] == 0) unasked.Add(classes[i], 0);
  }
  if (!unknown.empty()) {
    caveats.push_back("the bank has no " + std::string(leave_one_out ? "other " : "") +
                      "image of the " + unknown.Text() + ": " + ShowNumber(unknown.images()) +
                      (unknown.images() == 1 ? " query" : " queries") + " cannot be right");
  }
  if (!unasked.empty()) {
    caveats.push_back("no query is of the " + unasked.Text() +
                      ": the accuracy says nothing about them");
  }
  if (queries.size(0) < kFewQueries) {
    caveats.push_back("there are only " + ShowNumber(queries.size(0)) + " queries, each " +
                      ShowPercent(1.0 / static_cast<double>(queries.size(0))) + " of the accuracy");
  }
  return caveats;
}

void WarnOfCaveats(const at::Tensor& bank, const at::Tensor& queries,
                   const std::vector<std::string>& classes, bool leave_one_out) {
  for (const std::string& caveat : Caveats(bank, queries, classes, leave_one_out)) {
    LogWarning(caveat);
  }
}

}  // namespace flowtrain
