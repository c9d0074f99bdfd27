// The Python module flowtrain._engine: LoaderRun and its batches. python/flowtrain/ has what users see.

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "pipeline/base/error.h"
#include "python/loader/loader_run.h"

namespace nb = nanobind;
using namespace nb::literals;  // NOLINT(google-build-using-namespace): nanobind's literals

namespace flowtrain {
namespace {

using Views = nb::ndarray<nb::array_api, nb::ndim<4>, nb::device::cpu>;
using Numbers = nb::ndarray<nb::array_api, int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Keeps what an array shows for as long as the array lives.
template <typename T>
nb::capsule Keep(T held) {
  return nb::capsule(new T(std::move(held)), [](void* p) noexcept { delete static_cast<T*>(p); });
}

nb::dlpack::dtype TypeOf(const ViewFormat& format) {
  switch (format.type) {
    case ValueType::kFloat32:
      return nb::dtype<float>();
    case ValueType::kFloat16:
      return {static_cast<uint8_t>(nb::dlpack::dtype_code::Float), 16, 1};
    default:
      return nb::dtype<uint8_t>();
  }
}

// One view of the batch's images, in its buffer: uint8 [rows, side, side, 3], or normalised values
// [rows, 3, side, side], whatever their layout in memory.
Views ViewOf(const std::shared_ptr<LentBatch>& batch, int view, size_t side) {
  const auto rows = static_cast<size_t>(batch->rows);
  const auto s = static_cast<int64_t>(side);
  const bool is_bytes = batch->format.type == ValueType::kUint8;
  const std::array<size_t, 4> last{rows, side, side, 3}, first{rows, 3, side, side};
  std::array<int64_t, 4> strides{3 * s * s, 3 * s, 3, 1};
  if (!is_bytes) {
    strides = batch->format.channels_first ? std::array<int64_t, 4>{3 * s * s, s * s, s, 1}
                                           : std::array<int64_t, 4>{3 * s * s, 1, 3 * s, 3};
  }
  return Views(batch->View(view), 4, (is_bytes ? last : first).data(), Keep(batch), strides.data(),
               TypeOf(batch->format));
}

// A copy: who keeps it does not keep the batch's buffer.
template <typename T>
Numbers Copy(const std::vector<T>& numbers, int rows) {
  std::vector<int64_t> copy(numbers.begin(), numbers.begin() + rows);
  int64_t* data = copy.data();
  const auto size = static_cast<size_t>(rows);
  return Numbers(data, {size}, Keep(std::move(copy)));
}

nb::dict FactsOf(const LoaderFacts& facts) {
  nb::dict dict;
  dict["batch_size"] = facts.rows;
  dict["sizes"] = nb::cast(facts.sides);
  dict["images"] = facts.images;
  dict["batches"] = facts.batches_per_epoch;
  dict["windows"] = nb::cast(facts.windows);
  dict["seed"] = facts.seed;
  dict["rank"] = facts.rank;
  dict["world_size"] = facts.world_size;
  dict["gradient_accumulation"] = facts.gradient_accumulation;
  dict["shuffle"] = facts.shuffle;
  dict["drop_last"] = facts.drop_last;
  dict["workers"] = facts.workers;
  dict["lent_batches"] = facts.lent_batches;
  dict["classes"] = nb::cast(facts.classes);
  dict["dataset"] = facts.dataset;
  return dict;
}

nb::list NodesOf(const LoaderRun& run) {
  nb::list nodes;
  for (const NodeCounters& node : run.Nodes()) {
    nb::dict figures;
    figures["name"] = node.name;
    figures["workers"] = node.limit;
    figures["calls"] = node.messages;
    figures["seconds"] = static_cast<double>(node.service_ns) * 1e-9;
    figures["on_workers"] = !node.on_lane;
    nodes.append(figures);
  }
  return nodes;
}

}  // namespace

NB_MODULE(_engine, module) {
  nb::set_leak_warnings(false);  // what a program still holds when it ends is no leak
  [[maybe_unused]] const nb::exception<ConfigError> config_error(module, "ConfigError",
                                                                 PyExc_ValueError);
  [[maybe_unused]] const nb::exception<DataError> data_error(module, "DataError",
                                                             PyExc_RuntimeError);
  [[maybe_unused]] const nb::exception<ForkedError> forked_error(module, "ForkedError",
                                                                 PyExc_RuntimeError);

  nb::class_<LentBatch>(module, "Batch")
      .def_ro("rows", &LentBatch::rows)
      .def_ro("epoch", &LentBatch::epoch)
      .def_ro("batch", &LentBatch::batch)
      .def_prop_ro("views", [](const LentBatch& batch) { return batch.layout.views; })
      .def_prop_ro(
          "ids", [](const LentBatch& batch) { return Copy(batch.ids, batch.rows); },
          nb::rv_policy::automatic)
      .def_prop_ro(
          "labels", [](const LentBatch& batch) { return Copy(batch.labels, batch.rows); },
          nb::rv_policy::automatic);

  nb::class_<LentMemory>(module, "Memory")
      .def_prop_ro(
          "address",
          [](const LentMemory& memory) { return reinterpret_cast<uintptr_t>(memory.data.get()); })
      .def_ro("bytes", &LentMemory::bytes);

  nb::class_<LoaderRun>(module, "LoaderRun")
      .def(
          "__init__",
          [](LoaderRun* place, std::string graph, std::string shipped, std::string parameters) {
            const nb::gil_scoped_release released;
            new (place) LoaderRun({std::move(graph), std::move(shipped), std::move(parameters)});
          },
          "graph"_a, "shipped"_a, "parameters"_a)
      .def_prop_ro("facts", [](const LoaderRun& run) { return FactsOf(run.facts()); })
      .def("go_to", &LoaderRun::GoTo, "epoch"_a, "batch"_a,
           nb::call_guard<nb::gil_scoped_release>())
      .def("take", &LoaderRun::Take, "seconds"_a, nb::call_guard<nb::gil_scoped_release>())
      .def_prop_ro("nodes", &NodesOf)
      .def_prop_ro("memory", &LoaderRun::Memory)
      .def("all_are_lent", &LoaderRun::AllAreLent)
      .def("stop", &LoaderRun::Stop, nb::call_guard<nb::gil_scoped_release>());

  module.def(
      "view_of",
      [](const LoaderRun& run, const std::shared_ptr<LentBatch>& batch, int view) {
        const std::vector<int>& sides = run.facts().sides;
        if (view < 0 || static_cast<size_t>(view) >= sides.size()) {
          throw nb::index_error("there is no such view");
        }
        return ViewOf(batch, view, static_cast<size_t>(sides[static_cast<size_t>(view)]));
      },
      "run"_a, "batch"_a, "view"_a);
}

}  // namespace flowtrain
