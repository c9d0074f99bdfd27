// A backbone's weights from a file.
#pragma once

#include <optional>
#include <string>

#include "nodes/train/model/resnet.h"
#include "nodes/train/weights/named_tensors.h"

namespace flowtrain {

// The tensors of a backbone under torchvision's names, on the host: from a .safetensors file, a
// flowtrain checkpoint, or a state dict of torch.save. What training programs put before the names
// (state_dict., module., model., backbone., encoder_q.) is taken off, and tensors beside such a
// backbone are left out; the log says so. Throws DataError for a file that can be read as none of
// them, or that holds several backbones.
NamedTensors ReadBackboneWeights(const std::string& path);

// The network whose backbone the file holds, by the names and shapes of its tensors; empty if it is
// none of ours. Throws as ReadBackboneWeights does, and logs nothing.
std::optional<ResNetOptions> NetworkOf(const std::string& path);

// Fills `backbone` with them. The classifier (fc.*) is ignored, and batch-norms may lack
// num_batches_tracked, which old files do not have. Other floating-point types are converted to
// float, and the log says so. Throws ConfigError with all tensors that are missing, left over or of
// another shape; its message calls the backbone's options `options`. Throws DataError for tensors
// that are not floating-point numbers, or not finite.
void LoadBackbone(const std::string& path, ResNet& backbone,
                  const std::string& options = "backbone, stem and width_multiplier");

}  // namespace flowtrain
