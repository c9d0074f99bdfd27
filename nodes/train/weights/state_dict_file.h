// State dicts as Python's torch.save writes them.
#pragma once

#include <string>

#include "nodes/train/weights/named_tensors.h"

namespace flowtrain {

// Writes a file that Python's torch.load(path, weights_only=True) opens as a dict of tensors, over
// whatever is at `path`: whole or not at all. Throws DataError if the disk fails.
void WriteStateDict(const std::string& path, const NamedTensors& tensors);

// Reads a dict of tensors written by torch.save (in the zip format, its default) into host memory.
// Tensors of a dict within it get its name too: "state_dict.conv1.weight"; whatever is not a tensor is
// passed over. Nothing in the file is executed. Throws DataError for a file without tensors, also
// for a module's own state dict, which is a dict with an attribute; dict(model.state_dict()) has
// none.
NamedTensors ReadStateDict(const std::string& path);

// Whether there is a zip file of torch.save at `path`. TorchScript's archives, such as flowtrain's
// checkpoints of version 1, do not count.
bool IsStateDict(const std::string& path);

}  // namespace flowtrain
