// A backbone's weights from a file.
#pragma once

#include <string>

#include "nodes/train/model/resnet.h"
#include "nodes/train/weights/named_tensors.h"

namespace flowtrain {

// The tensors of a backbone under torchvision's names, on the host: from a .safetensors file, a
// flowtrain checkpoint, or a state dict of torch.save. Throws DataError for a file that can be read
// as none of them.
NamedTensors ReadBackboneWeights(const std::string& path);

// Fills `backbone` with them. The classifier (fc.*) is ignored, and batch-norms may lack
// num_batches_tracked, which old files do not have. Throws ConfigError with all tensors that are
// missing, left over or of another shape; its message calls the backbone's options `options`.
void LoadBackbone(const std::string& path, ResNet& backbone,
                  const std::string& options = "backbone and stem");

}  // namespace flowtrain
