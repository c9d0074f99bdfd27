#include "nodes/source/bad_images.h"

#include <utility>

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

}  // namespace flowtrain
