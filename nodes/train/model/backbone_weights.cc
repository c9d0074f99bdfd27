#include "nodes/train/model/backbone_weights.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "nodes/train/weights/finite.h"
#include "nodes/train/weights/network_weights.h"
#include "nodes/train/weights/read_checkpoint.h"
#include "nodes/train/weights/safetensors.h"
#include "nodes/train/weights/state_dict_file.h"
#include "pipeline/base/error.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

constexpr size_t kNamed = 6;  // the most tensors that a finding names

NamedTensors BackboneOfCheckpoint(const std::string& path) {
  const std::string prefix = "backbone.";
  NamedTensors backbone;
  for (auto& [name, tensor] : ReadNetwork(path)) {
    if (name.starts_with(prefix)) backbone.emplace_back(name.substr(prefix.size()), tensor);
  }
  return backbone;
}

NamedTensors ReadTensors(const std::string& path) {
  if (!std::filesystem::exists(path)) throw DataError("there is no file " + path);
  if (IsCheckpoint(path)) return BackboneOfCheckpoint(path);
  if (path.ends_with(".safetensors")) return ReadSafetensors(path).tensors;
  if (IsStateDict(path)) return ReadStateDict(path);
  throw DataError(path +
                  " holds no weights that can be read, or it was cut short: they are a checkpoint, "
                  "a .safetensors file, or a state dict of torch.save in its zip format "
                  "(flowtrain's first checkpoints, .pt, are no longer read)");
}

// What training programs put before the names of a backbone.
constexpr std::array<std::string_view, 5> kNestings = {"state_dict.", "module.", "model.",
                                                       "backbone.", "encoder_q."};
constexpr char kFirstTensor[] = "conv1.weight";  // of every ResNet, as the next one is
constexpr char kFirstOfBlock[] = "layer1.0.conv1.weight";

// Whether the text consists of nestings alone.
bool IsNesting(std::string_view text) {
  while (!text.empty()) {
    const auto* found = std::find_if(kNestings.begin(), kNestings.end(), [&](auto nesting) {
      return text.substr(0, nesting.size()) == nesting;
    });
    if (found == kNestings.end()) return false;
    text.remove_prefix(found->size());
  }
  return true;
}

// What the names of the backbone begin with: "module.encoder_q."; empty if with nothing. Where none
// of the nestings above is there, any text before the names of a ResNet is one.
std::string NestingOf(const NamedTensors& tensors, const std::string& path) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : tensors) names.insert(name);
  std::vector<std::string> nestings, others;
  for (const std::string& name : names) {
    if (!name.ends_with(kFirstTensor)) continue;
    std::string before = name.substr(0, name.size() - (sizeof(kFirstTensor) - 1));
    if (before.empty()) return before;
    const bool is_backbone = names.count(before + kFirstOfBlock) > 0;
    if (IsNesting(before)) {
      nestings.push_back(std::move(before));
    } else if (is_backbone) {
      others.push_back(std::move(before));
    }
  }
  if (nestings.empty()) nestings = std::move(others);
  if (nestings.size() < 2) return nestings.empty() ? "" : nestings.front();
  throw DataError(path + " holds more than one backbone: the names begin with '" + nestings[0] +
                  "' and '" + nestings[1] + "'. Write a file with one of them");
}

// The file's backbone, and what was done to get at it; empty if nothing.
struct BackboneFile {
  NamedTensors tensors;
  std::string note;
};

BackboneFile ReadFile(const std::string& path) {
  NamedTensors all = ReadTensors(path);
  const std::string nesting = NestingOf(all, path);
  if (nesting.empty()) return {std::move(all), {}};
  BackboneFile file;
  for (auto& [name, tensor] : all) {
    if (name.starts_with(nesting)) file.tensors.emplace_back(name.substr(nesting.size()), tensor);
  }
  file.note = path + ": the names begin with '" + nesting + "', which is taken off";
  if (const size_t others = all.size() - file.tensors.size(); others > 0) {
    file.note += "; " + std::to_string(others) + (others == 1 ? " tensor" : " tensors") +
                 " without it left out";
  }
  return file;
}

std::optional<ResNetOptions> NetworkIn(const NamedTensors& tensors) {
  const auto find = [&](const std::string& wanted) -> const at::Tensor* {
    for (const auto& [name, tensor] : tensors) {
      if (name == wanted) return &tensor;
    }
    return nullptr;
  };
  const at::Tensor* first = find(kFirstTensor);
  if (first == nullptr || first->dim() != 4) return {};
  if (first->size(2) != 3 && first->size(2) != 7) return {};
  const bool deep = find("layer3.5.conv1.weight") != nullptr;  // as in ResNet-34 and 50
  const bool bottleneck = find("layer1.0.conv3.weight") != nullptr;
  if (find("layer4.0.conv1.weight") == nullptr || (bottleneck && !deep)) return {};
  if (find("layer3.6.conv1.weight") != nullptr) return {};  // deeper than ours
  return ResNetOptions{bottleneck ? Backbone::kResNet50
                       : deep     ? Backbone::kResNet34
                                  : Backbone::kResNet18,
                       first->size(2) == 3 ? Stem::kSmall : Stem::kStandard,
                       static_cast<double>(first->size(0)) / kStemChannels};
}

// "float64"; libtorch's own name where it has none here.
std::string TypeText(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "float32";
    case at::kDouble:
      return "float64";
    case at::kHalf:
      return "float16";
    case at::kBFloat16:
      return "bfloat16";
    default:
      return c10::toString(type);
  }
}

bool IsCounter(const std::string& name) { return name.ends_with(".num_batches_tracked"); }

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
    if (const auto network = NetworkIn(given)) {
      network_ = ": " + ChoiceName(Backbones(), network->name) + ", " +
                 ChoiceName(Stems(), network->stem) + " and " +
                 ShowNumber(network->width_multiplier);
    }
    for (auto& [name, tensor] : given) given_[name] = std::move(tensor);
  }

  void Take(const std::string& name, at::Tensor& into) {
    const auto found = given_.find(name);
    if (found == given_.end()) {
      if (!IsCounter(name)) missing_.push_back(name);
      return;
    }
    if (found->second.sizes() == into.sizes()) {
      Copy(name, found->second, into);
    } else {
      misshapen_.push_back(name + ' ' + ShapeText(found->second) + " instead of " +
                           ShapeText(into));
    }
    given_.erase(found);
  }

  // What was converted, a sentence; empty if nothing was.
  std::string Conversions(const std::string& path) const {
    std::string text;
    for (const auto& [type, count] : converted_) {
      text += text.empty() ? path + ": " : ", ";
      text.append(std::to_string(count)).append(count == 1 ? " tensor of " : " tensors of ");
      text += type;
    }
    return text.empty() ? text : text + " converted to float32";
  }

  // Throws all that is wrong; the tensors that were not taken are left over.
  void Check(const std::string& path, const std::string& options) const {
    std::vector<std::string> extra;
    for (const auto& [name, tensor] : given_) {
      if (!name.starts_with("fc.")) extra.push_back(name);
    }
    std::vector<Diagnostic> findings;
    Add(path, "missing", missing_, findings);
    Add(path, "of another shape", misshapen_, findings);
    Add(path, "that the backbone does not have", extra, findings);
    if (findings.empty()) return CheckNumbers(path);
    findings.push_back(Finding(path, "the weights are of another network: set " + options +
                                         " to theirs" + network_ +
                                         "; names must be torchvision's"));
    throw ConfigError(std::move(findings));
  }

 private:
  void Copy(const std::string& name, const at::Tensor& from, at::Tensor& into) {
    const bool counts = IsCounter(name) && at::isIntegralType(from.scalar_type(), false);
    if (from.layout() != at::kStrided || (!counts && !from.is_floating_point())) {
      not_floating_.push_back(name + ' ' + TypeText(from.scalar_type()));
      return;
    }
    if (IsCounter(name)) {
      into.copy_(from);  // nothing reads it
      return;
    }
    const at::Tensor converted = from.to(into.scalar_type()).contiguous();
    if (!IsFinite(converted)) not_finite_.push_back(name);
    if (IsNegativeVariance(name, converted)) negative_.push_back(name);
    if (from.scalar_type() != into.scalar_type()) ++converted_[TypeText(from.scalar_type())];
    into.copy_(converted);
  }

  void CheckNumbers(const std::string& path) const {
    std::vector<Diagnostic> findings;
    Add(path, "of no floating-point type", not_floating_, findings);
    Add(path, "with values that are not finite", not_finite_, findings);
    Add(path, "with variances below 0", negative_, findings);
    if (findings.empty()) return;
    std::string text = path + " holds weights that cannot be used";
    for (const Diagnostic& finding : findings) text += "; " + finding.message;
    throw DataError(text + ". Take weights from before the training diverged, as float32");
  }

  std::map<std::string, at::Tensor> given_;
  std::string network_;  // ": resnet50, standard and 1", which they are by their names and shapes
  std::vector<std::string> missing_, misshapen_, not_floating_, not_finite_, negative_;
  std::map<std::string, int> converted_;  // by type
};

}  // namespace

NamedTensors ReadBackboneWeights(const std::string& path) {
  BackboneFile file = ReadFile(path);
  if (!file.note.empty()) LogInfo(file.note);
  return std::move(file.tensors);
}

std::optional<ResNetOptions> NetworkOf(const std::string& path) {
  return NetworkIn(ReadFile(path).tensors);
}

void LoadBackbone(const std::string& path, ResNet& backbone, const std::string& options) {
  const c10::NoGradGuard no_grad;
  Match match(ReadBackboneWeights(path));
  for (auto& [name, tensor] : ParametersAndBuffers(backbone)) match.Take(name, tensor);
  match.Check(path, options);
  if (const std::string note = match.Conversions(path); !note.empty()) LogInfo(note);
}

}  // namespace flowtrain
