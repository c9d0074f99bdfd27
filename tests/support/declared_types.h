// A registry of small types with the ports of the real ones, for tests of graph files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pipeline/node/registry.h"

namespace flowtrain::declared {

struct Images final : Resource {
  static void Declare(NodeSpec& spec) {
    spec.Doc("The images.\nHeld in memory.")
        .Required(&Images::root, "root", "Folder of the images.")
        .Option(&Images::splits, "splits", std::vector<std::string>{"train"}, "Files to read.",
                OneOf{{"train", "test", "unlabeled"}});
  }
  std::string root;
  std::vector<std::string> splits;
};

struct Model final : Resource {
  static void Declare(NodeSpec& spec) {
    spec.Doc("The model.")
        .MayUse("device", "Device")
        .Option(&Model::width, "width", 64, "Channels of the first layer.", AtLeast{1});
  }
  int width = 0;
};

struct Device final : Resource {
  static void Declare(NodeSpec& spec) { spec.Doc("Where the model runs."); }
};

struct Optimizer final : Resource {
  static void Declare(NodeSpec& spec) {
    spec.Doc("Updates the model.")
        .Uses("model", "Model")
        .Option(&Optimizer::rate, "learning_rate", 0.06, "Of the whole batch.", AtLeast{0});
  }
  double rate = 0;
};

struct Chicken final : Resource {
  static void Declare(NodeSpec& spec) { spec.Doc("Needs an egg.").Uses("egg", "Egg"); }
};

struct Egg final : Resource {
  static void Declare(NodeSpec& spec) { spec.Doc("Needs a chicken.").Uses("chicken", "Chicken"); }
};

struct Source final : SourceNode {
  static void Declare(NodeSpec& spec) {
    spec.Doc("Admits samples.")
        .Output("ids", Stream::kSample)
        .Uses("dataset", "Images")
        .Option(&Source::epochs, "epochs", 1, "Times the data set is seen.", AtLeast{1});
  }
  Outcome Process(Sample&, Worker&) override { return Ok(); }
  bool AdmitBatch(Batch&) override { return false; }
  void AdmitSample(Sample&) override {}
  void Substitute(Sample&) override {}
  uint64_t size() const override { return 0; }
  int epochs = 0;
};

struct Augment final : SampleNode {
  static void Declare(NodeSpec& spec) {
    spec.Doc("Makes the views.\n\nUint8 HWC.")
        .Input("images", Stream::kSample)
        .Output("rows", Stream::kSample)
        .Option(&Augment::size, "size", 96, "Side of the crop, pixels.", AtLeast{1})
        .Option(&Augment::scale, "crop_scale", std::vector<double>{0.2, 1.0},
                "Area of the crop, share of the image.", Between{0, 1});
  }
  Outcome Process(Sample&, Worker&) override { return Ok(); }
  int size = 0;
  std::vector<double> scale;
};

struct Stage final : CollateNode {
  static void Declare(NodeSpec& spec) {
    spec.Doc("Gathers batches.")
        .Input("rows", Stream::kSample)
        .Output("batches", Stream::kBatch)
        .Required(&Stage::batch_size, "batch_size", "Images per batch.", AtLeast{1});
  }
  BatchLayout Layout() const override { return {}; }
  std::shared_ptr<uint8_t> Allocate(size_t) override { return nullptr; }
  void Process(Batch&) override {}
  int batch_size = 0;
};

struct Forward final : WindowNode {
  static void Declare(NodeSpec& spec) {
    spec.Doc("Runs the model.")
        .Input("batches", Stream::kBatch)
        .Output("windows", Stream::kStep)
        .Uses("model", "Model");
  }
  void Process(Batch&, Step&) override {}
};

struct Update final : StepNode {
  static void Declare(NodeSpec& spec) {
    spec.Doc("Steps the optimiser.")
        .Input("windows", Stream::kStep)
        .Output("steps", Stream::kStep)
        .OnLane()
        .Uses("optimizer", "Optimizer");
  }
  void Process(Step&) override {}
};

struct Report final : StepNode {
  static void Declare(NodeSpec& spec) {
    spec.Doc("Tells of each step.").Input("steps", Stream::kStep);
  }
  void Process(Step&) override {}
};

template <typename T>
void Add(Registry& registry, const std::string& name) {
  NodeSpec spec;
  spec.kind = internal::KindOf<T>();
  T::Declare(spec);
  registry.Add(name, std::move(spec), [] { return std::make_unique<T>(); });
}

inline Registry AllTypes() {
  Registry registry;
  Add<Images>(registry, "Images");
  Add<Model>(registry, "Model");
  Add<Device>(registry, "Device");
  Add<Optimizer>(registry, "Optimizer");
  Add<Chicken>(registry, "Chicken");
  Add<Egg>(registry, "Egg");
  Add<Source>(registry, "Source");
  Add<Augment>(registry, "Augment");
  Add<Stage>(registry, "Stage");
  Add<Forward>(registry, "Forward");
  Add<Update>(registry, "Update");
  Add<Report>(registry, "Report");
  return registry;
}

// A whole graph of these types. Its nodes and resources are out of order on purpose.
inline constexpr char kGraph[] = R"(graph: small
pools: {samples: 0, batches: 3}
workers: ${data.num_workers}
resources:
  optimizer: {type: Optimizer, options: {learning_rate: ${train.learning_rate}}}
  net: {type: Model, options: {width: 32}}
  model: {type: Model, uses: {device: gpu}}
  gpu: {type: Device}
  dataset:
    type: Images
    options:
      root: ${data.root}
      splits: ${data.splits}
nodes:
  report: {type: Report, in: steps}
  source: {type: Source, out: ids, workers: ${data.num_workers}}
  augment:
    type: Augment
    in: ids
    out: [rows]
    workers: ${data.num_workers}
    options:
      size: ${data.image_size}
  stage: {type: Stage, in: rows, out: batches, options: {batch_size: ${data.batch_size}}}
  forward: {type: Forward, in: batches, out: windows, uses: {model: net}}
  update: {type: Update, in: windows, out: steps}
)";

inline constexpr char kConfig[] = R"(data:
  root: images
  splits: [train, unlabeled]
  num_workers: 6
  image_size: 96
  batch_size: 128
train:
  learning_rate: 0.06
)";

}  // namespace flowtrain::declared
