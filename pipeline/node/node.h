// The node contract: what a node or resource declares, and what the engine calls.
//
// Lifecycle, in this order:
//   (options are bound)  Open  Start  Process…  Flush  Close
// Open runs on the main thread, resources before the nodes that use them. Start and Flush of a lane
// node run on the device lane, of the others on the main thread. Process runs as the node's class
// says.
#pragma once

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pipeline/node/options.h"
#include "pipeline/node/packet.h"

namespace flowtrain {

class OpenContext;
class RunControl;
class NodeSpec;

// What a graph file can name: a node or a resource.
class Component {
 public:
  Component() = default;
  Component(const Component&) = delete;
  Component& operator=(const Component&) = delete;
  virtual ~Component() = default;

  // Once, before the first packet. May throw ConfigError or DataError.
  virtual void Open(const OpenContext&) {}
  // Once, after the last packet, also when the run failed.
  virtual void Close() noexcept {}
};

// Something that nodes of the graph share (data set, model, optimiser, run directory) and declare
// that they use.
class Resource : public Component {
 public:
  // Called on each thread that joins: TBB workers as they enter the arena, the device lane first of
  // all.
  virtual void OnWorkerThread() {}
  virtual void OnLaneThread() {}
};

// Who runs a Process call.
struct Worker {
  int index = 0;  // 0 ≤ index < OpenContext::workers(); no two calls at a time have the same
};

// What became of a sample.
struct Outcome {
  bool ok = true;
  std::string why;  // of a bad one; names the cause, not the sample
};
inline Outcome Ok() { return {}; }
inline Outcome Bad(std::string why) { return {false, std::move(why)}; }

class Node : public Component {
 public:
  virtual void Start() {}
  // The stream has ended and this node's inputs are empty.
  virtual void Flush() {}
};

// Works on one sample at a time, on as many threads as its limit allows. A bad sample is replaced
// by the source and comes again in the same slot; a throw ends the run.
class SampleNode : public Node {
 public:
  virtual Outcome Process(Sample& sample, Worker& worker) = 0;
};

// Where samples come from. The engine admits: it takes a free sample slot and a row of a batch, and
// asks the source to fill in what belongs there. Admit* and Substitute are called one at a time and
// do no I/O; Process (many threads) fetches the bytes.
class SourceNode : public SampleNode {
 public:
  // The payload that each sample slot carries from the source on.
  virtual std::unique_ptr<Payload> NewPayload() { return nullptr; }
  // The next batch: sets epoch, step, steps_per_epoch, total_steps, in_window, window and
  // last_of_epoch from batch.seq. False: the run is over.
  virtual bool AdmitBatch(Batch& batch) = 0;
  // The next sample of that batch: sets epoch, position, id, seed from sample.batch and sample.row.
  virtual void AdmitSample(Sample& sample) = 0;
  // The item could not be used: sets another id, from the counter-based RNG and sample.attempt.
  virtual void Substitute(Sample& sample) = 0;
  // Items of the data set.
  virtual uint64_t size() const = 0;
};

// Gathers samples into batches. The engine counts the rows, sends the sample slots home and passes
// complete batches on in order of admission; Process runs on the device lane, one batch at a time.
class CollateNode : public Node {
 public:
  virtual BatchLayout Layout() const = 0;  // known once options are bound
  // Memory of a batch's buffer, aligned to 64 bytes. Freed by the returned deleter.
  virtual std::shared_ptr<uint8_t> Allocate(size_t bytes) = 0;
  virtual void Process(Batch& batch) = 0;
};

// Takes the batches of a window one after the other and, with the last of them, produces a step.
// Runs on the device lane. A window enters only with the model lease.
class WindowNode : public Node {
 public:
  virtual std::unique_ptr<Payload> NewPayload() { return nullptr; }  // one per step slot
  // True: the batches of a window are kept out of their pool until the last one is done, so that
  // all can be read again. The pool must then hold at least one window's batches.
  virtual bool KeepsBatches() const { return false; }
  // `step` is the window's slot, the same for all its batches; it moves on after the last batch.
  virtual void Process(Batch& batch, Step& step) = 0;
};

// Takes steps in order, one at a time; on the device lane when its declaration says OnLane(). The
// model lease goes home when the last node on the lane has seen the step.
class StepNode : public Node {
 public:
  virtual void Process(Step& step) = 0;
};

// The declaration of a node or resource type.
class NodeSpec {
 public:
  struct Port {
    std::string name;
    Stream stream;
  };
  struct Use {
    std::string name;  // the name the node knows it by
    std::string type;  // registered type, or the base it must have
    bool optional = false;
  };

  NodeSpec& Doc(std::string text);  // one sentence, then details
  NodeSpec& Input(std::string name, Stream stream);
  NodeSpec& Output(std::string name, Stream stream);
  NodeSpec& OnLane();
  // A sample node that takes one sample at a time, whatever `workers` says elsewhere.
  NodeSpec& Serial();
  // Uses the resource `name`, which the graph maps to one of its resources (the one of that name
  // unless the node's `uses` says otherwise).
  NodeSpec& Uses(std::string name, std::string type);
  NodeSpec& MayUse(std::string name, std::string type);

  // An option held in `member`; `fallback` is its value when the graph does not give one.
  template <typename C, typename T, typename D, typename... Bounds>
  NodeSpec& Option(T C::*member, std::string name, D fallback, std::string doc, Bounds... bounds) {
    const T value(std::move(fallback));
    Add(member, internal::DescribeOption<T>(std::move(name), std::move(doc), bounds...), bounds...)
        .default_text = internal::ShowOption(value, bounds...);
    set_default_.push_back([member, value](Component& c) { static_cast<C&>(c).*member = value; });
    return *this;
  }
  // The same without a default: the graph must give it.
  template <typename C, typename T, typename... Bounds>
  NodeSpec& Required(T C::*member, std::string name, std::string doc, Bounds... bounds) {
    Add(member, internal::DescribeOption<T>(std::move(name), std::move(doc), bounds...), bounds...)
        .required = true;
    return *this;
  }
  // The options that the struct in `member` declares (OptionsOf).
  template <typename C, typename S>
  NodeSpec& Options(S C::*member) {
    OptionsOf<S> of_struct;
    S::Declare(of_struct);
    for (const auto& one : of_struct.declared()) {
      options.push_back(one.spec);
      options.back().assign = [member, assign = one.assign](Component& c, const Value& value) {
        return assign(static_cast<C&>(c).*member, value);
      };
    }
    return *this;
  }
  // An option that older graphs give: it is accepted and does nothing. `why` ends a sentence: "the
  // batches carry it".
  NodeSpec& Retired(std::string name, std::string why);

  void SetDefaults(Component& component) const;

  std::string type;  // name in the registry
  std::string doc;
  std::vector<Port> inputs, outputs;
  std::vector<Use> uses;
  std::vector<OptionSpec> options;
  struct RetiredOption {
    std::string name, why;
  };
  std::vector<RetiredOption> retired;
  bool on_lane = false, serial = false;
  enum class Kind { kResource, kSource, kSample, kCollate, kWindow, kStep } kind = Kind::kResource;

 private:
  template <typename C, typename T, typename... Bounds>
  OptionSpec& Add(T C::*member, OptionSpec spec, Bounds... bounds) {
    spec.assign = [member, bounds...](Component& c, const Value& value) {
      return internal::ReadOption(value, static_cast<C&>(c).*member, bounds...);
    };
    options.push_back(std::move(spec));
    return options.back();
  }

  std::vector<std::function<void(Component&)>> set_default_;
};

// What Open may ask for. It stays valid until Close, so a node may keep a pointer to it.
class OpenContext {
 public:
  virtual ~OpenContext() = default;
  virtual const std::string& name() const = 0;  // of this node or resource in the graph
  virtual int workers() const = 0;              // threads of the arena: Worker::index is below it
  virtual const BatchLayout& layout() const = 0;
  virtual RunControl& run() const = 0;
  // Time the device lane has waited for work so far, in nanoseconds.
  virtual uint64_t lane_idle_ns() const = 0;
  // The resource that this component declared as `name`, as type T (std::logic_error if
  // undeclared).
  template <typename T>
  T& Get(std::string_view use) const {
    T* found = TryGet<T>(use);
    if (found == nullptr) {
      throw std::logic_error("resource '" + std::string(use) + "' of '" + name() +
                             "' was not declared with its type");
    }
    return *found;
  }
  // The same for MayUse: nullptr where the graph has none.
  template <typename T>
  T* TryGet(std::string_view use) const {
    return dynamic_cast<T*>(Find(use));
  }

  // The node that makes the stream which this one takes first, as type T: nullptr where it is of
  // another type, or there is none. It is already open.
  template <typename T>
  T* TryBefore() const {
    return dynamic_cast<T*>(Before());
  }

  // How a message names an option, so that the reader finds where to change it: the parameter that
  // it comes from, "data.batch_size (configs/my.yaml:12)", else "batch_size of 'stage'
  // (graphs/my.yaml:24)", without a place when it has its default.
  virtual std::string NameOf(std::string_view option) const;
  // The same for an option of the resource that this component uses as `use`.
  virtual std::string NameOf(std::string_view use, std::string_view option) const;
  // The same for an option of the stage node, which layout() comes from.
  virtual std::string NameInStage(std::string_view option) const;

 protected:
  // "batch_size of 'stage'".
  static std::string Named(std::string_view option, std::string_view component);

 private:
  virtual Resource* Find(std::string_view use) const = 0;
  virtual Node* Before() const { return nullptr; }
};

}  // namespace flowtrain
