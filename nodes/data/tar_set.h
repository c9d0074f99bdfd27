// Images in tar files, read where they lie in them: shards in webdataset's layout.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nodes/data/image_set.h"
#include "nodes/data/option_names.h"
#include "nodes/data/remote_options.h"

namespace flowtrain {

// Opens the images of a tar file, of all in a folder, or of a pattern (FindTarShards), in the order
// of the shards and their members; IndexTar says what an image is. A shard with the word train, val,
// … in its path is of that split; LayOutListed says what splits and labels mean. Throws ConfigError
// for what is not there, holds no images or is compressed, DataError for a shard that is damaged. A
// shard that is another file than it was when the set was opened makes Fetch throw DataError. Shards
// on a server are downloaded as `remote` says; `stop`, which may be empty, ends the waits for them.
std::unique_ptr<ImageSet> OpenTar(const std::string& root, const std::vector<std::string>& splits,
                                  const OptionNames& names = {}, const RemoteOptions& remote = {},
                                  const std::function<bool()>& stop = {});

}  // namespace flowtrain
