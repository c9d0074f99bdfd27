#include "nodes/data/bad_images.h"

#include <utility>

#include "pipeline/base/text/units.h"

namespace flowtrain {

bool BadImages::Add(BadImage image) {
  const std::lock_guard lock(mutex_);
  const uint64_t id = image.id;
  return images_.try_emplace(id, std::move(image)).second;
}

uint64_t BadImages::count() const {
  const std::lock_guard lock(mutex_);
  return images_.size();
}

std::vector<BadImage> BadImages::List() const {
  const std::lock_guard lock(mutex_);
  std::vector<BadImage> list;
  for (const auto& [id, image] : images_) list.push_back(image);
  return list;
}

std::string NameSome(const std::vector<BadImage>& bad) {
  std::string text;
  for (size_t i = 0; i < bad.size() && i < kNamedImages; ++i) {
    text += "\n  " + bad[i].name + ": " + bad[i].why;
  }
  if (bad.size() > kNamedImages) {
    text += "\n  … and " + ShowCount(bad.size() - kNamedImages) + " more";
  }
  return text;
}

}  // namespace flowtrain
