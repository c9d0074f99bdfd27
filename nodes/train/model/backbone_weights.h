// A backbone's weights from a file.
#pragma once

#include <string>

#include "nodes/train/model/resnet.h"
#include "nodes/train/weights/named_tensors.h"

namespace flowtrain {

// The tensors of a backbone under torchvision's names, on the host: of a .safetensors file, a
// flowtrain checkpoint, or a state dict of torch.save. Throws DataError for a file that cannot be
// read as any of them.
NamedTensors ReadBackboneWeights(const std::string& path);

// Fills `backbone` with them. The classifier (fc.*) is ignored, and batch-norms may lack
// num_batches_tracked, which old files do not have. Throws ConfigError with all that is missing,
// left over or of another shape; `options` is what that calls those of the backbone.
void LoadBackbone(const std::string& path, ResNet& backbone,
                  const std::string& options = "backbone and stem");

}  // namespace flowtrain
