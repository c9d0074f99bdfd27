#include "nodes/data/bad_images.h"

#include <algorithm>
#include <utility>

#include "pipeline/base/text/units.h"

namespace flowtrain {

std::string NameSome(const std::vector<BadImage>& bad, const std::string& file) {
  const uint64_t named = std::min<uint64_t>(bad.size(), kNamedImages);
  std::string text;
  for (uint64_t i = 0; i < named; ++i) text += "\n  " + bad[i].name + ": " + bad[i].why;
  const uint64_t more = bad.size() - named;
  if (more > 0) text += "\n  … and " + ShowCount(more) + " more";
  if (!file.empty()) text += (more > 0 ? ": see " : "\n  Listed in ") + file;
  return text;
}

// Index, name and reason, each ended by a byte that none of them has.
std::string ToText(const std::vector<BadImage>& bad) {
  std::string text;
  for (const BadImage& image : bad) {
    for (const std::string& field : {std::to_string(image.id), image.name, image.why}) {
      text += field;
      text += '\0';
    }
  }
  return text;
}

std::vector<BadImage> BadImagesFrom(std::string_view text) {
  std::vector<BadImage> bad;
  const auto next = [&text] {
    const size_t end = text.find('\0');
    std::string field(text.substr(0, end));
    text.remove_prefix(end + 1);
    return field;
  };
  while (!text.empty()) {
    BadImage image;
    image.id = std::stoull(next());
    image.name = next();
    image.why = next();
    bad.push_back(std::move(image));
  }
  return bad;
}

bool BadImages::Add(const BadImage& image) {
  const std::lock_guard lock(mutex_);
  const auto [place, added] = images_.try_emplace(image.id, image);
  if (!added) return false;
  return file_ == nullptr || file_->Add({image.name, image.why, found_by_});
}

uint64_t BadImages::count() const {
  const std::lock_guard lock(mutex_);
  return images_.size();
}

std::vector<BadImage> BadImages::List() const {
  const std::lock_guard lock(mutex_);
  std::vector<BadImage> list;
  list.reserve(images_.size());
  for (const auto& [id, image] : images_) list.push_back(image);
  return list;
}

std::string BadImages::NameSome() const { return flowtrain::NameSome(List(), path()); }

}  // namespace flowtrain
