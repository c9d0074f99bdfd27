#include "nodes/train/model/backbone_weights.h"

#include <c10/core/GradMode.h>

#include <filesystem>
#include <map>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

#include "nodes/train/weights/network_weights.h"
#include "nodes/train/weights/read_checkpoint.h"
#include "nodes/train/weights/safetensors.h"
#include "nodes/train/weights/state_dict_file.h"
#include "pipeline/base/error.h"

namespace flowtrain {
namespace {

constexpr size_t kNamed = 6;  // the most tensors that a finding names

bool StartsWith(const std::string& text, const std::string& start) {
  return text.rfind(start, 0) == 0;
}

bool EndsWith(const std::string& text, const std::string& ending) {
  return text.size() >= ending.size() &&
         text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

NamedTensors BackboneOfCheckpoint(const std::string& path) {
  const std::string prefix = "backbone.";
  NamedTensors backbone;
  for (auto& [name, tensor] : ReadNetwork(path)) {
    if (StartsWith(name, prefix)) backbone.emplace_back(name.substr(prefix.size()), tensor);
  }
  return backbone;
}

std::string ShapeText(const at::Tensor& tensor) {
  std::ostringstream text;
  text << tensor.sizes();
  return text.str();
}

Diagnostic Finding(const std::string& path, std::string message) {
  Diagnostic finding;
  finding.at.file = path;
  finding.message = std::move(message);
  return finding;
}

// "3 tensors missing: a, b, c"
void Add(const std::string& path, const std::string& what, const std::vector<std::string>& names,
         std::vector<Diagnostic>& findings) {
  if (names.empty()) return;
  std::string text =
      std::to_string(names.size()) + (names.size() == 1 ? " tensor " : " tensors ") + what + ": ";
  for (size_t i = 0; i < names.size() && i < kNamed; ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kNamed) text += " and " + std::to_string(names.size() - kNamed) + " more";
  findings.push_back(Finding(path, text));
}

// The file's tensors by name, and which of them could not be used.
class Match {
 public:
  explicit Match(NamedTensors given) {
    for (auto& [name, tensor] : given) given_[name] = std::move(tensor);
  }

  void Take(const std::string& name, at::Tensor& into) {
    const auto found = given_.find(name);
    if (found == given_.end()) {
      if (!EndsWith(name, ".num_batches_tracked")) missing_.push_back(name);
      return;
    }
    if (found->second.sizes() == into.sizes()) {
      into.copy_(found->second);
    } else {
      misshapen_.push_back(name + ' ' + ShapeText(found->second) + " instead of " +
                           ShapeText(into));
    }
    given_.erase(found);
  }

  // Throws all that is wrong; the tensors that were not taken are left over.
  void Check(const std::string& path, const std::string& options) const {
    std::vector<std::string> extra;
    for (const auto& [name, tensor] : given_) {
      if (!StartsWith(name, "fc.")) extra.push_back(name);
    }
    std::vector<Diagnostic> findings;
    Add(path, "missing", missing_, findings);
    Add(path, "of another shape", misshapen_, findings);
    Add(path, "that the backbone does not have", extra, findings);
    if (findings.empty()) return;
    findings.push_back(Finding(path, "the weights are of another network: set " + options +
                                         " to theirs; names must be torchvision's"));
    throw ConfigError(std::move(findings));
  }

 private:
  std::map<std::string, at::Tensor> given_;
  std::vector<std::string> missing_, misshapen_;
};

}  // namespace

NamedTensors ReadBackboneWeights(const std::string& path) {
  if (!std::filesystem::exists(path)) throw DataError("there is no file " + path);
  if (IsCheckpoint(path)) return BackboneOfCheckpoint(path);
  if (EndsWith(path, ".safetensors")) return ReadSafetensors(path).tensors;
  if (IsStateDict(path)) return ReadStateDict(path);
  throw DataError(path +
                  " holds no weights that can be read, or it was cut short: they are a checkpoint, "
                  "a .safetensors file, or a state dict of torch.save in its zip format "
                  "(flowtrain's first checkpoints, .pt, are no longer read)");
}

void LoadBackbone(const std::string& path, ResNet& backbone, const std::string& options) {
  const c10::NoGradGuard no_grad;
  Match match(ReadBackboneWeights(path));
  for (auto& [name, tensor] : ParametersAndBuffers(backbone)) match.Take(name, tensor);
  match.Check(path, options);
}

}  // namespace flowtrain
