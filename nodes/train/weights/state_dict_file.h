// State dicts as Python's torch.save writes them.
#pragma once

#include <string>

#include "nodes/train/weights/named_tensors.h"

namespace flowtrain {

// Writes a file that Python's torch.load(path, weights_only=True) opens as a dict of tensors, over
// whatever is at `path`: whole or not at all. Throws DataError where the disk fails.
void WriteStateDict(const std::string& path, const NamedTensors& tensors);

// Reads a dict of tensors of torch.save (the zip format, which is its default) to the host's
// memory. Nothing in the file is run. Throws DataError for anything else: also for a module's own
// state dict, which is a dict with an attribute; dict(model.state_dict()) is none.
NamedTensors ReadStateDict(const std::string& path);

// Whether there is a zip file of torch.save at `path`. TorchScript's archives, which flowtrain's
// checkpoints are, are none.
bool IsStateDict(const std::string& path);

}  // namespace flowtrain
