#include "tools/init/starter_file.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "pipeline/base/error.h"
#include "pipeline/base/files/expand_path.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"
#include "pipeline/base/text/utf8.h"
#include "pipeline/config/yaml_write.h"
#include "tools/load/find_file.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

// The text of a parameter file: groups of keys, with comments that begin in one column.
class ParameterText {
 public:
  explicit ParameterText(std::string head) : text_(std::move(head)) {}

  void Group(const std::string& name) {
    indent_ = "";
    pending_ = '\n' + name + ":\n";
  }
  void Key(const std::string& key, const std::string& value, const std::string& comment) {
    Line(key + ": " + value, comment);
  }
  // A key of a group that is left out, as a comment.
  void LeftOut(const std::string& key, const std::string& comment) {
    Line("# " + key + ": …", comment);
  }
  std::string Take() && { return std::move(text_); }

 private:
  void Line(std::string line, const std::string& comment) {
    constexpr size_t kColumn = 30;
    if (!pending_.empty()) {
      text_ += pending_;  // a group without keys is not written
      pending_.clear();
      indent_ = "  ";
    }
    line.insert(0, indent_);
    line.resize(std::max(kColumn, line.size() + 2), ' ');
    text_ += line + "# " + comment + '\n';
  }

  std::string text_, pending_, indent_;
};

std::string FlowList(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + ToYamlScalar(name);
  return '[' + text + ']';
}

// The first few.
std::string Some(const std::vector<std::string>& names) {
  constexpr size_t kMost = 5;
  std::string text;
  for (size_t i = 0; i < std::min(kMost, names.size()); ++i) {
    text += (i == 0 ? "" : ", ") + PrintableName(names[i]);
  }
  return text + (names.size() > kMost ? ", …" : "");
}

const char* WhatKindIs(DatasetKind kind) {
  switch (kind) {
    case DatasetKind::kStl10:
      return "STL-10's official binary files";
    case DatasetKind::kCifar10:
      return "CIFAR-10's binary version";
    case DatasetKind::kCifar100:
      return "CIFAR-100's binary version";
    case DatasetKind::kFolder:
      return "image files, at any depth";
    case DatasetKind::kList:
      return "a list of paths, perhaps with labels and splits";
    case DatasetKind::kTar:
      return "tar files, as webdataset's shards";
    case DatasetKind::kPacked:
      return "a file of flowtrain pack";
    case DatasetKind::kSample:
      break;
  }
  return "the built-in pictures";
}

// Whether its images are files of JPEG, PNG, …, which are decoded again in every epoch.
bool IsDecoded(DatasetKind kind) {
  return kind == DatasetKind::kFolder || kind == DatasetKind::kList || kind == DatasetKind::kTar;
}

std::string Side(const DataFacts& data, const StarterValues& values) {
  std::string text = "side of a view, pixels; ";
  if (data.sides.least == data.sides.most) {
    text += "images are " + std::to_string(data.sides.median);
  } else {
    text += "the images' median shorter side is " + std::to_string(data.sides.median);
  }
  if (values.image_size < data.sides.median) text += ", and 224 is usual";
  if (values.image_size > data.sides.median) text += ", which is less than a network can use";
  return text;
}

std::string Batch(const DataFacts& data, const StarterValues& values) {
  const std::string what = "images per batch (two views each)";
  if (values.batch_size == values.full_batch_size) return what + "; less memory: lower it";
  return what + "; not " + std::to_string(values.full_batch_size) + ", since there are " +
         ShowCount(data.images) + " images for a step";
}

void PutDevice(const HostFacts& host, ParameterText& out) {
  if (!host.gpu.empty()) {
    out.Key("device", "auto", "a GPU where there is one; cpu, cuda:N: the device itself");
  } else if (host.gpu_trouble.empty()) {
    out.Key("device", "cpu", "no GPU was found; auto: a GPU where there is one");
  } else {
    out.Key("device", "cpu",
            "the GPU cannot be used (flowtrain doctor says why); auto: once it can");
  }
}

class StarterText {
 public:
  StarterText(const DataFacts& data, const HostFacts& host, const StarterValues& values,
              std::string head)
      : data_(data),
        host_(host),
        values_(values),
        defaults_(FindShippedFile("configs/stl10_config.yaml")),
        out_(std::move(head)) {}

  std::string Make() && {
    PutDevice(host_, out_);
    PutData();
    out_.Group("augment");
    PutUnusual("augment", "crop_scale", "area of a crop, share of the image");
    PutUnusual("augment", "blur", "probability; small images have no detail to lose");
    out_.Group("model");
    Put("model", "backbone", "resnet18, resnet34, resnet50");
    PutUnusual("model", "stem", "3x3 of stride 1 and no pool: the standard one is for more pixels");
    PutTrain();
    PutGpu();
    if (!data_.judged_on.empty()) {
      out_.Group("evaluate");
      Put("evaluate", "every_epochs",
          "kNN accuracy also after every N epochs; 0: before and after the run");
    }
    return std::move(out_).Take();
  }

 private:
  std::string Figure(const std::string& group, const std::string& key) const {
    return ToFlowYaml(*values_.figures.Find(group + '.' + key));
  }
  void Put(const std::string& group, const std::string& key, const std::string& comment) {
    out_.Key(key, Figure(group, key), comment);
  }
  // Only where the value is another than that of the default parameters.
  void PutUnusual(const std::string& group, const std::string& key, const std::string& comment) {
    if (Figure(group, key) == ToFlowYaml(*defaults_.Find(group + '.' + key))) return;
    Put(group, key, comment);
  }

  void PutData() {
    out_.Group("data");
    out_.Key("kind", ChoiceName(DatasetKinds(), data_.kind), WhatKindIs(data_.kind));
    out_.Key("root", ToYamlScalar(EscapePath(data_.root)),
             "a relative path is relative to this file's folder");
    if (data_.splits.empty()) {
      out_.LeftOut("splits", "the images are in no splits: all are trained on");
    } else {
      out_.Key("splits", FlowList(data_.splits), "trained on; their labels are never used in it");
    }
    out_.Key("image_size", std::to_string(values_.image_size), Side(data_, values_));
    out_.Key("batch_size", std::to_string(values_.batch_size), Batch(data_, values_));
    out_.Key("num_workers", values_.workers,
             values_.workers == "auto" ? "threads that decode and augment: tuned in the run"
             : host_.gpu.empty() ? "threads that decode and augment; the model needs the cores"
                                 : "threads that decode and augment; auto: tuned in the run");
    PutUnusual("data", "batch_slots", "batches in memory at a time");
    if (IsDecoded(data_.kind)) {
      Put("data", "cache", "memory: keep decoded images; packed: decode once, to a file; none");
    }
  }

  void PutTrain() {
    const std::string batch = std::to_string(values_.effective_batch());
    out_.Group("train");
    Put("train", "epochs",
        values_.small ? "passes over the images; 100 are enough to see it work"
                      : "passes over the images; more are better, some hundred are usual");
    Put("train", "warmup_epochs", "the learning rate rises from 0");
    if (values_.auto_accumulation) {
      out_.Key("effective_batch", batch, "images per optimiser step, and its negatives");
    }
    PutUnusual("train", "optimizer", "sgd, adamw, lars");
    const bool scaled = values_.figures.Get<std::string>("train.lr_scaling") != "none";
    out_.Key("learning_rate", values_.learning_rate,
             scaled ? "for 256 images per step, times the images there are / 256"
                    : "for the " + batch + " images of a step; in proportion to them");
    PutUnusual("train", "lr_scaling", "with the images of a step");
    PutUnusual("train", "weight_decay", "not on biases and batch-norm");
  }

  void PutGpu() {
    out_.Group("gpu");
    Put("gpu", "mixed_precision",
        "FP16 on a GPU; BF16 on a CPU that has the instructions; else no effect");
    if (values_.auto_accumulation) {
      out_.Key("gradient_accumulation", "auto",
               "the fastest micro-batches that fit into the GPU's memory");
    } else {
      const int batches = values_.accumulation;
      out_.Key("gradient_accumulation", std::to_string(batches),
               "batches per step: effective batch " + std::to_string(values_.batch_size) + " x " +
                   std::to_string(batches) + " = " + std::to_string(values_.effective_batch()));
    }
    PutUnusual("gpu", "empty_cache_freq", "epochs; 0: the allocator's cache is never emptied");
  }

  const DataFacts& data_;
  const HostFacts& host_;
  const StarterValues& values_;
  const Config defaults_;
  ParameterText out_;
};

// For editors; the schema of this installation, since the file may lie anywhere.
std::string SchemaLine() {
  const fs::path schema = fs::path(ShippedFolder()) / "configs/config.schema.json";
  std::error_code ignored;
  if (!fs::exists(schema, ignored)) return {};
  return "# yaml-language-server: $schema=" + schema.string() + '\n';
}

std::string Head(const DataFacts& data, const HostFacts& host, const StarterValues& values,
                 const std::string& command) {
  std::string text =
      SchemaLine() + "# Parameters of a training, written by `" + command + "`.\n#\n";
  text += "# " + data.description + '\n';
  text += "#   " + ShowCount(data.images, "image") + " to train on";
  text += data.splits.empty()
              ? ", in no splits"
              : ", of " + ShowCount(data.splits.size(), "split") + " (" + Some(data.splits) + ')';
  text += data.classes.empty()
              ? "; no classes\n"
              : "; " + ShowCount(data.classes.size()) + " classes (" + Some(data.classes) + ")\n";
  text += "#   judged on " +
          (data.judged_on.empty() ? "nothing: " + data.why_not_judged : data.judged_on) + '\n';
  text += "#   " + DescribeSides(data.sides) + '\n';
  text += "# " + DescribeHost(host) + ": figures of " + values.file;
  text += values.small ? " and configs/cifar10_config.yaml\n" : "\n";
  return text +
         "#\n# Keys not listed here have their value from configs/stl10_config.yaml, which "
         "explains "
         "all of them.\n\n";
}

}  // namespace

std::string StarterFile(const DataFacts& data, const HostFacts& host, const StarterValues& values,
                        const std::string& command) {
  if (!IsUtf8(data.root) || !IsUtf8(FlowList(data.splits))) {
    throw ConfigError(
        "a name in " + PrintableName(data.root) +
        " is not UTF-8, so no YAML file can name it: rename it, or make a link to it");
  }
  return StarterText(data, host, values, Head(data, host, values, PrintableName(command))).Make();
}

std::string DescribeHost(const HostFacts& host) {
  const std::string cores = ", " + ShowCount(static_cast<uint64_t>(host.cpu.usable), "core");
  if (!host.gpu.empty()) {
    return host.gpu + (host.gpu_bytes > 0 ? " with " + ShowGib(host.gpu_bytes) : "") + cores;
  }
  if (host.gpu_trouble.empty()) return "no GPU" + cores;
  return "a GPU that cannot be used" + cores;
}

std::string DescribeSides(const ShorterSides& sides) {
  std::string text = "shorter side of " + ShowCount(sides.images, "image") + ": ";
  if (sides.least == sides.most) {
    text += std::to_string(sides.least) + " pixels";
  } else {
    text += std::to_string(sides.least) + " to " + std::to_string(sides.most) + " pixels, median " +
            std::to_string(sides.median);
  }
  if (sides.bad == 0) return text;
  return text + "; " + ShowCount(sides.bad) + " more cannot be used";
}

}  // namespace flowtrain
