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

// A shared thing of the graph (data set, model, optimiser, run directory) that nodes declare they
// use.
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
// asks the source to fill in what that place stands for. Admit* and Substitute are called one at a
// time and do no I/O; Process (many threads) fetches the bytes.
class SourceNode : public SampleNode {
 public:
  // What each sample slot carries from the source on.
  virtual std::unique_ptr<Payload> NewPayload() { return nullptr; }
  // The next batch: sets epoch, step, steps_per_epoch, micro, window, last_of_epoch
  // from batch.seq. False: the run is over.
  virtual bool AdmitBatch(Batch& batch) = 0;
  // The next sample of that batch: sets epoch, position, id, seed from sample.batch and sample.row.
  virtual void AdmitSample(Sample& sample) = 0;
  // The item could not be used: sets another id, from the counter-based RNG and sample.attempt.
  virtual void Substitute(Sample& sample) = 0;
  // Items of the data set.
  virtual uint64_t size() const = 0;
};

// Gathers samples to batches. The engine counts the rows, sends the sample slots home and passes
// complete batches on in order of admission; Process runs on the device lane, one batch at a time.
class CollateNode : public Node {
 public:
  virtual BatchLayout Layout() const = 0;  // known once options are bound
  // Memory of a batch's buffer, aligned to 64 bytes. Freed by the returned deleter.
  virtual std::shared_ptr<uint8_t> Allocate(size_t bytes) = 0;
  virtual void Process(Batch& batch) = 0;
};

// Takes the batches of a window one after the other and, with the last of them, gives a step. Runs
// on the device lane. A window enters only with the model lease.
class WindowNode : public Node {
 public:
  virtual std::unique_ptr<Payload> NewPayload() { return nullptr; }  // one a step slot
  // True: the batches of a window stay away from their pool until its last one is done, so that all
  // can be read again. The pool must then hold a window's batches at least.
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
  // A node on samples that takes one at a time, whatever `workers` says elsewhere.
  NodeSpec& Serial();
  // Uses the resource `name`, which the graph maps to one of its resources (the one of that name
  // unless the node's `uses` says otherwise).
  NodeSpec& Uses(std::string name, std::string type);
  NodeSpec& MayUse(std::string name, std::string type);

  // An option held in `member`; `fallback` is its value when the graph does not give one.
  template <typename C, typename T, typename D, typename... Bounds>
  NodeSpec& Option(T C::*member, std::string name, D fallback, std::string doc, Bounds... bounds) {
    const T value(std::move(fallback));
    OptionSpec spec = MakeOption<C, T>(member, std::move(name), std::move(doc), bounds...);
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      spec.default_text = Show(static_cast<int64_t>(value));
    } else if constexpr (std::is_floating_point_v<T>) {
      spec.default_text = Show(static_cast<double>(value));
    } else {
      spec.default_text = Show(value);
    }
    set_default_.push_back([member, value](Component& c) { static_cast<C&>(c).*member = value; });
    options.push_back(std::move(spec));
    return *this;
  }
  // The same without a default: the graph must give it.
  template <typename C, typename T, typename... Bounds>
  NodeSpec& Required(T C::*member, std::string name, std::string doc, Bounds... bounds) {
    OptionSpec spec = MakeOption<C, T>(member, std::move(name), std::move(doc), bounds...);
    spec.required = true;
    options.push_back(std::move(spec));
    return *this;
  }

  void SetDefaults(Component& component) const;

  std::string type;  // name in the registry
  std::string doc;
  std::vector<Port> inputs, outputs;
  std::vector<Use> uses;
  std::vector<OptionSpec> options;
  bool on_lane = false, serial = false;
  enum class Kind { kResource, kSource, kSample, kCollate, kWindow, kStep } kind = Kind::kResource;

 private:
  template <typename C, typename T, typename... Bounds>
  static OptionSpec MakeOption(T C::*member, std::string name, std::string doc, Bounds... bounds) {
    OptionSpec spec;
    spec.name = std::move(name);
    spec.type = TypeName<T>();
    spec.doc = std::move(doc);
    ((spec.bound += (spec.bound.empty() ? "" : ", ") + BoundText(bounds)), ...);
    spec.assign = [member, bounds...](Component& c, const Value& value) -> std::string {
      T parsed{};
      if (!Read(value, parsed)) {
        return internal::WrongType(value, TypeName<T>());
      }
      std::string wrong;
      ((wrong = wrong.empty() ? internal::TestBound(parsed, bounds) : wrong), ...);
      if (wrong.empty()) static_cast<C&>(c).*member = std::move(parsed);
      return wrong;
    };
    return spec;
  }

  std::vector<std::function<void(Component&)>> set_default_;
};

// What Open may ask. It stays valid until Close, so a node may keep a pointer to it.
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

 private:
  virtual Resource* Find(std::string_view use) const = 0;
};

}  // namespace flowtrain
