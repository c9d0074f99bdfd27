#include "nodes/data/tar_set.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cctype>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "nodes/data/describe_set.h"
#include "nodes/data/listed_layout.h"
#include "nodes/data/remote_index.h"
#include "nodes/data/shard_cache.h"
#include "nodes/data/split_names.h"
#include "nodes/data/tar_index_cache.h"
#include "nodes/data/tar_shards.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/descriptor.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

constexpr uint64_t kMaxImageBytes = uint64_t{1} << 30;

// The first word of a shard's path that is the name of a split; empty: none is.
std::string SplitOf(const std::string& path) {
  std::string word;
  for (const char c : path + '.') {
    if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      word += InLowerCase(c);
      continue;
    }
    if (IsNamed(word, kTrainNames) || IsNamed(word, kJudgeNames) || word == kUnlabeled) return word;
    word.clear();
  }
  return {};
}

// Reads into `to` from a place in a file. Returns what went wrong, or an empty string.
std::string ReadPart(int fd, uint64_t offset, std::span<uint8_t> to) {
  size_t done = 0;
  while (done < to.size()) {
    const ssize_t got =
        pread(fd, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::generic_category().message(errno);
    if (got == 0) return "the file became shorter while it was read";
    done += static_cast<size_t>(got);
  }
  return {};
}

// The images of all shards.
class TarImages {
 public:
  // `cache` has the shards where they are on a server; otherwise it is null.
  TarImages(TarShards shards, std::vector<TarIndex> indexes, std::unique_ptr<ShardCache> cache)
      : cache_(std::move(cache)),
        folder_(cache_ ? -1 : open(shards.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (!cache_ && folder_.fd < 0) {
      throw DataError("cannot open the folder " + PrintableName(shards.folder) + ": " +
                      std::generic_category().message(errno));
    }
    for (size_t i = 0; i < indexes.size(); ++i) {
      shards_.push_back(
          {std::move(shards.names[i]), indexes[i].file_bytes, indexes[i].modified_ns});
      for (const TarImage& image : indexes[i].images) {
        images_.push_back({image.offset, image.size, names_.size(), static_cast<uint32_t>(i),
                           static_cast<uint32_t>(image.name.size())});
        names_ += image.name;
      }
      indexes[i] = {};
    }
  }

  uint64_t size() const { return images_.size(); }
  std::string Name(uint64_t image) const {
    return PrintableName(shards_[images_[image].shard].name) + '/' + PrintableName(Member(image));
  }

  EncodedImage Fetch(uint64_t index, std::vector<uint8_t>& storage) const {
    const Image& image = images_[index];
    EncodedImage out;
    out.file_name = Member(index);
    if (image.bytes > kMaxImageBytes) {
      out.error = "cannot read it: it is larger than 1 GiB";
      return out;
    }
    const Shard& shard = shards_[image.shard];
    const Descriptor file(
        cache_ ? cache_->Open(image.shard)
               : openat(folder_.fd, shard.name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file.fd < 0) {
      out.error = "cannot open its tar file: " + std::generic_category().message(errno);
      return out;
    }
    if (!cache_) CheckSame(shard, file.fd);
    if (storage.capacity() < image.bytes) storage.reserve(std::bit_ceil(image.bytes));
    storage.resize(image.bytes);
    const std::string wrong = ReadPart(file.fd, image.offset, storage);
    if (wrong.empty()) {
      out.bytes = storage;
    } else {
      out.error = "cannot read it: " + wrong;
    }
    return out;
  }

  uint32_t ShardOf(uint64_t image) const { return images_[image].shard; }
  ShardCache* cache() const { return cache_.get(); }  // null: the shards are files

  void CheckFiles() const {
    if (cache_) return;
    for (const Shard& shard : shards_) {
      const Descriptor file(openat(folder_.fd, shard.name.c_str(), O_PATH | O_CLOEXEC));
      if (file.fd >= 0) CheckSame(shard, file.fd);
    }
  }

 private:
  struct Shard {
    std::string name;
    uint64_t bytes = 0;
    int64_t modified_ns = 0;
  };
  struct Image {
    uint64_t offset = 0, bytes = 0, name_at = 0;
    uint32_t shard = 0, name_bytes = 0;
  };

  std::string_view Member(uint64_t image) const {
    return std::string_view(names_).substr(images_[image].name_at, images_[image].name_bytes);
  }

  // Offsets are of the file that was indexed: those of another would give parts of other images.
  static void CheckSame(const Shard& shard, int fd) {
    struct stat status {};
    if (fstat(fd, &status) != 0) return;
    const int64_t modified =
        int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
    if (static_cast<uint64_t>(status.st_size) == shard.bytes && modified == shard.modified_ns)
      return;
    throw DataError("the tar file " + PrintableName(shard.name) +
                    " has changed since the data set was opened: begin again");
  }

  const std::unique_ptr<ShardCache> cache_;
  const Descriptor folder_;  // without a cache
  std::vector<Shard> shards_;
  std::vector<Image> images_;
  std::string names_;  // of all members, one after the other
};

// The labelled images of some places in the list.
class TarList final : public LabelledImages {
 public:
  TarList(const TarImages& images, const std::vector<uint64_t>& places,
          const std::vector<int32_t>& labels, bool trained_on, std::string name)
      : images_(images), labels_(labels), name_(std::move(name)) {
    for (uint64_t id = 0; id < places.size(); ++id) {
      if (labels[places[id]] < 0) continue;
      labelled_.push_back(places[id]);
      ids_.push_back(trained_on ? static_cast<int64_t>(id) : -1);
    }
  }

  uint64_t size() const override { return labelled_.size(); }
  std::string Name() const override { return name_; }
  EncodedImage Fetch(uint64_t index, std::vector<uint8_t>& storage) const override {
    EncodedImage image;
    try {
      image = images_.Fetch(labelled_[index], storage);
    } catch (const Interrupted& error) {  // the evaluation ends without a result
      image.error = error.what();
    }
    image.label = labels_[labelled_[index]];
    return image;
  }
  std::string ImageName(uint64_t index) const override { return images_.Name(labelled_[index]); }
  int64_t TrainingId(uint64_t index) const override { return ids_[index]; }

 private:
  const TarImages& images_;
  const std::vector<int32_t>& labels_;
  const std::string name_;
  std::vector<uint64_t> labelled_;
  std::vector<int64_t> ids_;
};

class TarSet final : public ImageSet {
 public:
  TarSet(std::string title, TarShards shards, std::vector<TarIndex> indexes, ListedLayout layout,
         std::vector<std::string> notes, int mixed, std::unique_ptr<ShardCache> cache)
      : title_(std::move(title)),
        layout_(std::move(layout)),
        notes_(std::move(notes)),
        mixed_(static_cast<size_t>(mixed)),
        images_(std::move(shards), std::move(indexes), std::move(cache)),
        bank_(images_, layout_.training, layout_.labels, true, Trained()),
        queries_(images_, layout_.judged, layout_.labels, false,
                 title_ + ", " + layout_.judged_on) {
    for (const uint64_t image : layout_.training) {
      const uint32_t shard = images_.ShardOf(image);
      if (blocks_.empty() || blocks_.back() != shard) {
        blocks_.push_back(shard);
        in_block_.push_back(0);
      }
      ++in_block_.back();
    }
  }

  uint64_t size() const override { return layout_.training.size(); }
  EncodedImage Fetch(uint64_t id, std::vector<uint8_t>& storage) const override {
    EncodedImage image = images_.Fetch(layout_.training[id], storage);
    image.label = layout_.labels[layout_.training[id]];
    return image;
  }
  void CheckFiles() const override { images_.CheckFiles(); }
  ImageBlocks Blocks() const override {
    if (mixed_ == 0) return {};
    return {in_block_, mixed_, images_.cache() ? images_.cache()->most_expected() : 0};
  }
  void Expect(const std::vector<uint32_t>& blocks) const override {
    if (!images_.cache()) return;
    std::vector<uint32_t> shards;
    shards.reserve(blocks.size());
    for (const uint32_t block : blocks) shards.push_back(blocks_[block]);
    images_.cache()->Expect(std::move(shards));
  }
  std::optional<DownloadWait> Downloads() const override {
    if (!images_.cache()) return std::nullopt;
    return images_.cache()->wait();
  }
  int image_height() const override { return 0; }
  int image_width() const override { return 0; }
  std::string ImageName(uint64_t id) const override { return images_.Name(layout_.training[id]); }
  std::string Description() const override {
    return DescribeSet(Trained(), layout_.judged_on, {size(), classes().size(), queries_.size()});
  }
  std::vector<std::string> splits() const override { return layout_.splits; }
  const std::vector<std::string>& classes() const override { return layout_.classes; }
  Evaluation evaluation() const override {
    if (classes().empty()) return {nullptr, nullptr, false, layout_.why_not};
    if (layout_.judged_on.empty()) return {&bank_, &bank_, true, {}};
    return {&bank_, &queries_, false, {}};
  }
  std::vector<std::string> Notes() const override { return notes_; }

 private:
  std::string Trained() const { return DescribeTrained(title_, layout_.splits); }

  const std::string title_;
  const ListedLayout layout_;
  const std::vector<std::string> notes_;
  const size_t mixed_;  // shards; 0: all
  const TarImages images_;
  const TarList bank_, queries_;
  std::vector<uint32_t> blocks_;    // the shards of the images to train on, in their order
  std::vector<uint64_t> in_block_;  // images of each
};

// What a user should know of the shards.
std::vector<std::string> NotesOn(const TarShards& shards, const std::vector<TarIndex>& indexes) {
  TarIndex sum;
  std::string no_end;
  for (size_t i = 0; i < indexes.size(); ++i) {
    sum.not_taken += indexes[i].not_taken;
    sum.more_images += indexes[i].more_images;
    sum.links += indexes[i].links;
    sum.no_end += indexes[i].no_end;
    if (indexes[i].no_end != 0 && no_end.empty()) no_end = PrintableName(shards.names[i]);
  }
  std::vector<std::string> notes;
  if (sum.not_taken > 0) {
    notes.push_back(ShowCount(sum.not_taken, "sample") +
                    " without an image (no member with an extension such as .jpg or .png)");
  }
  if (sum.more_images > 0) {
    notes.push_back(ShowCount(sum.more_images, "image") +
                    " not taken: members that are called the same up to the first dot are one "
                    "sample, of which one image is taken");
  }
  if (sum.links > 0) {
    notes.push_back(ShowCount(sum.links, "image") +
                    " not taken, as they are links to other members: make the tar files with "
                    "--dereference --hard-dereference");
  }
  if (sum.no_end > 0) {
    notes.push_back(ShowCount(sum.no_end, "tar file") + " without an end mark, perhaps cut off: " +
                    no_end + (sum.no_end == 1 ? "" : ", …"));
  }
  return notes;
}

ListedImages Listed(const TarShards& shards, std::vector<TarIndex>& indexes) {
  ListedImages listed;
  for (size_t i = 0; i < indexes.size(); ++i) {
    const std::string split = SplitOf(shards.names[i]);
    for (TarImage& image : indexes[i].images) {
      listed.labels.push_back(std::move(image.label));
      listed.splits.push_back(split);
    }
  }
  return listed;
}

int MixedShards(const TarShards& shards, const RemoteOptions& remote) {
  if (remote.shuffle_shards > 0 || !shards.remote) return remote.shuffle_shards;
  return RemoteOptions::kDefaultShuffle;
}

// What downloads the shards; null where they are files.
std::unique_ptr<ShardCache> CacheFor(const TarShards& shards, const std::vector<TarIndex>& indexes,
                                     const RemoteOptions& remote, const OptionNames& names,
                                     const std::function<bool()>& stop) {
  if (!shards.remote) return nullptr;
  std::vector<RemoteShard> remotes;
  remotes.reserve(indexes.size());
  for (size_t i = 0; i < indexes.size(); ++i) {
    remotes.push_back({shards.AddressOf(shards.names[i]), indexes[i].validator,
                       indexes[i].file_bytes, DigestOf(indexes[i])});
  }
  return std::make_unique<ShardCache>(
      std::move(remotes), remote, static_cast<size_t>(MixedShards(shards, remote)), names, stop);
}

}  // namespace

std::unique_ptr<ImageSet> OpenTar(const std::string& root, const std::vector<std::string>& splits,
                                  const OptionNames& names, const RemoteOptions& remote,
                                  const std::function<bool()>& stop) {
  TarShards shards = FindTarShards(root, names);
  std::vector<TarIndex> indexes =
      shards.remote ? IndexRemoteShards(shards, remote, names, stop) : IndexShards(shards);
  std::unique_ptr<ShardCache> cache = CacheFor(shards, indexes, remote, names, stop);
  const std::string shown = PrintableName(root);
  const ListedImages listed = Listed(shards, indexes);
  std::vector<std::string> notes = NotesOn(shards, indexes);
  if (listed.labels.empty()) {
    throw ConfigError("the tar files of " + shown + ", which " + NameOf(names, "root") +
                      " names, hold no images" + (notes.empty() ? "" : ": " + notes.front()));
  }
  ListedLayout layout = LayOutListed("tar " + shown, listed.labels.size(), listed, splits, names);
  notes.insert(notes.end(), layout.notes.begin(), layout.notes.end());
  for (std::string& note : notes) note.insert(0, shown + ": ");
  const int mixed = MixedShards(shards, remote);
  return std::make_unique<TarSet>("tar " + shown, std::move(shards), std::move(indexes),
                                  std::move(layout), std::move(notes), mixed, std::move(cache));
}

}  // namespace flowtrain
