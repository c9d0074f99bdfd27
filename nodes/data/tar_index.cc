#include "nodes/data/tar_index.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "nodes/data/folder_list.h"
#include "nodes/data/tar_members.h"
#include "nodes/image/image_extension.h"
#include "pipeline/base/files/xxh64.h"
#include "pipeline/base/text/lower_case.h"
#include "pipeline/base/text/trimmed.h"

namespace flowtrain {
namespace {

constexpr size_t kMostLabelBytes = 256, kMostJsonBytes = size_t{1} << 20;

// The name of a sample, and what comes after its dot.
struct SampleName {
  std::string_view key, extension;
};

// Nothing for hidden members, and those without a dot.
std::optional<SampleName> NameOfSample(std::string_view member) {
  const size_t base = member.rfind('/') + 1;  // 0 where there is none
  if (base == member.size() || member[base] == '.') return std::nullopt;
  const size_t dot = member.find('.', base);
  if (dot == member.npos) return std::nullopt;
  return SampleName{member.substr(0, dot), member.substr(dot + 1)};
}

// The value of "label" or "class", if that is a number or a text.
std::string LabelInJson(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return {};
  for (const char* key : {"label", "class"}) {
    const auto found = json.find(key);
    if (found == json.end()) continue;
    if (found->is_number_integer()) return found->dump();
    if (found->is_string()) return std::string(Trimmed(found->get_ref<const std::string&>()));
  }
  return {};
}

// A sample while its members are read.
struct TarSample {
  std::optional<TarImage> image;
  bool image_is_plain = false;  // its extension is that of an image alone, as in 1.jpg
  uint64_t images = 0;
  std::string cls, json;  // labels
};

class Indexer {
 public:
  Indexer(const std::string& path, const std::function<void()>& found, int fd)
      : reader_(path, fd), found_(found) {}

  TarIndex Index() && {
    TarMember member;
    while (reader_.Next(&member)) Take(member);
    TarIndex index;
    index.file_bytes = reader_.file_bytes();
    index.modified_ns = reader_.modified_ns();
    index.links = links_;
    index.no_end = reader_.ended() ? 0 : 1;
    for (TarSample& sample : samples_) {
      if (!sample.image) {
        ++index.not_taken;
        continue;
      }
      index.more_images += sample.images - 1;
      sample.image->label = std::move(sample.cls.empty() ? sample.json : sample.cls);
      index.images.push_back(std::move(*sample.image));
    }
    return index;
  }

 private:
  void Take(TarMember& member) {
    if (member.kind == TarMember::Kind::kOther) return;
    if (member.name.starts_with("./")) member.name.erase(0, 2);
    const auto name = NameOfSample(member.name);
    if (!name) return;
    if (member.kind == TarMember::Kind::kLink) {
      if (HasImageExtension(member.name)) ++links_;
      return;
    }
    const auto [place, is_new] = places_.try_emplace(std::string(name->key), samples_.size());
    if (is_new) samples_.emplace_back();
    TarSample& sample = samples_[place->second];
    const std::string extension = InLowerCase(name->extension);
    if (extension == "cls") {
      sample.cls = Trimmed(reader_.Data(member, kMostLabelBytes));
    } else if (extension == "json") {
      sample.json = LabelInJson(reader_.Data(member, kMostJsonBytes));
    } else if (HasImageExtension(member.name)) {
      TakeImage(member, extension.find('.') == std::string::npos, sample);
    }
  }

  // Of several images, the first whose extension is nothing else.
  void TakeImage(const TarMember& member, bool is_plain, TarSample& sample) {
    const bool again = sample.image && sample.image->name == member.name;
    if (!again) ++sample.images;
    if (sample.images == 1 && !again && found_) found_();
    if (sample.image && !again && (sample.image_is_plain || !is_plain)) return;
    sample.image = TarImage{member.name, {}, member.offset, member.size};
    sample.image_is_plain = is_plain;
  }

  TarReader reader_;
  const std::function<void()>& found_;
  std::vector<TarSample> samples_;
  std::unordered_map<std::string, size_t> places_;  // by key
  uint64_t links_ = 0;
};

}  // namespace

TarIndex IndexTar(const std::string& path, const std::function<void()>& found, int fd) {
  return Indexer(path, found, fd).Index();
}

uint64_t DigestOf(const TarIndex& index) {
  std::string text = std::to_string(index.file_bytes);
  for (const TarImage& image : index.images) {
    text.append(1, '\0').append(image.name).append(1, '\0').append(image.label);
    text += '\n' + std::to_string(image.offset) + ' ' + std::to_string(image.size);
  }
  return std::max<uint64_t>(Xxh64({reinterpret_cast<const uint8_t*>(text.data()), text.size()}), 1);
}

}  // namespace flowtrain
