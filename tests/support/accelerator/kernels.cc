// Operators of the accelerator for tests. Almost all are libtorch's CPU operators, queued by one
// boxed kernel; copies and what makes or reinterprets tensors have kernels of their own.

#include <ATen/EmptyTensor.h>
#include <ATen/Functions.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/native/TensorFactories.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_native.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/unfold_native.h>
#include <ATen/ops/view_native.h>
#include <torch/library.h>

#include <cstring>
#include <set>
#include <unordered_map>
#include <utility>

#include "tests/support/accelerator/memory.h"
#include "tests/support/accelerator/state.h"
#include "tests/support/accelerator/streams.h"

namespace flowtrain::accelerator {
namespace {

using Stack = torch::jit::Stack;
using c10::IValue;

const c10::DispatchKeySet kKeys(c10::DispatchKey::MTIA);

bool IsOurs(const at::Tensor& tensor) {
  return tensor.defined() && tensor.device().type() == kType;
}

void CopyWrapped(const at::Tensor& from, const at::Tensor& to) {
  if (from.unsafeGetTensorImpl()->is_wrapped_number())
    to.unsafeGetTensorImpl()->set_wrapped_number(true);
}

// The same bytes as a tensor of the host, for kernels. It does not keep them alive: a block that is
// freed while a kernel of another stream still uses it must be seen to be reused.
at::Tensor Bytes(const at::Tensor& tensor) {
  at::Tensor bytes = at::from_blob(Shadow(tensor.data_ptr()), tensor.sizes(), tensor.strides(),
                                   tensor.options().device(at::kCPU).requires_grad(false));
  CopyWrapped(tensor, bytes);
  return bytes;
}

template <typename Call>
IValue MapTensors(const IValue& value, Call call) {
  if (value.isTensor()) return call(value.toTensor());
  if (value.isTensorList()) {
    c10::List<at::Tensor> mapped;
    for (const at::Tensor& each : value.toTensorVector()) mapped.push_back(call(each));
    return mapped;
  }
  if (value.isOptionalTensorList()) {
    c10::List<std::optional<at::Tensor>> mapped;
    for (const std::optional<at::Tensor>& each : value.toOptionalTensorVector())
      mapped.push_back(each ? std::optional(call(*each)) : std::nullopt);
    return mapped;
  }
  if (value.isDevice()) return c10::Device(c10::kCPU);
  return value;
}

template <typename Call>
Stack MapStack(const Stack& stack, size_t arguments, Call call) {
  Stack mapped;
  for (auto each = stack.end() - static_cast<int64_t>(arguments); each != stack.end(); ++each)
    mapped.push_back(MapTensors(*each, call));
  return mapped;
}

template <typename Call>
void ForTensors(const IValue& value, Call call) {
  MapTensors(value, [&](const at::Tensor& tensor) {
    call(tensor);
    return tensor;
  });
}

struct Shape {
  bool defined = false;
  std::vector<int64_t> sizes, strides;
  c10::ScalarType type = c10::kFloat;

  explicit Shape(const at::Tensor& tensor) : defined(tensor.defined()) {
    if (!defined) return;
    sizes = tensor.sizes().vec();
    strides = tensor.strides().vec();
    type = tensor.scalar_type();
  }
  at::Tensor Empty(c10::Device device) const {
    if (!defined) return {};
    return at::empty_strided(sizes, strides, at::TensorOptions().dtype(type).device(device));
  }
};

// Shapes of what an operator returns, a list of tensors counting as so many, and of the tensors
// that it was given.
struct Shapes {
  std::vector<std::vector<Shape>> returned;
  std::vector<Shape> given;
};

// An operator, and how the CPU computes it.
struct Operator {
  c10::OperatorHandle given, on_cpu;
  // The arguments of one as those of the other.
  void (*convert)(Stack& stack) = nullptr;

  const std::string& name() const { return given.schema().name(); }
  void CallOnCpu(Stack& stack) const {
    if (convert != nullptr) convert(stack);
    on_cpu.callBoxed(&stack);
  }
};

bool IsWritten(const c10::Argument& argument) {
  return argument.alias_info() != nullptr && argument.alias_info()->isWrite();
}

void AddKey(std::string& key, const void* data, size_t bytes) {
  key.append(static_cast<const char*>(data), bytes);
}

std::string KeyOf(const Operator& op, const Stack& arguments) {
  std::string key = op.name() + '.' + op.given.schema().overload_name();
  for (const IValue& argument : arguments) {
    key += '|';
    bool tensors =
        argument.isTensor() || argument.isTensorList() || argument.isOptionalTensorList();
    if (!tensors) {
      key += c10::str(argument);
      continue;
    }
    ForTensors(argument, [&](const at::Tensor& tensor) {
      key += ',';
      if (!tensor.defined()) return;
      const auto type = static_cast<int>(tensor.scalar_type());
      key += tensor.is_cpu() ? 'h' : 'd';
      key += tensor.unsafeGetTensorImpl()->is_wrapped_number() ? 'w' : 't';
      AddKey(key, &type, sizeof(type));
      AddKey(key, tensor.sizes().data(), tensor.sizes().size() * sizeof(int64_t));
      AddKey(key, tensor.strides().data(), tensor.strides().size() * sizeof(int64_t));
    });
  }
  return key;
}

// Found by computing it once for zeros on the host.
Shapes Infer(const Operator& op, const Stack& arguments) {
  Stack stack = MapStack(arguments, arguments.size(), [](const at::Tensor& tensor) {
    if (!tensor.defined()) return tensor;
    at::Tensor zeros = at::empty_strided(tensor.sizes(), tensor.strides(),
                                         tensor.options().device(at::kCPU).requires_grad(false));
    zeros.zero_();
    CopyWrapped(tensor, zeros);
    return zeros;
  });
  const Stack given = stack;
  op.CallOnCpu(stack);
  Shapes shapes;
  for (const IValue& value : stack) {
    shapes.returned.emplace_back();
    ForTensors(value, [&](const at::Tensor& t) { shapes.returned.back().emplace_back(t); });
  }
  for (const IValue& value : given)
    ForTensors(value, [&](const at::Tensor& t) { shapes.given.emplace_back(t); });
  return shapes;
}

const Shapes& ShapesOf(const Operator& op, const Stack& arguments) {
  static auto* const mutex = new std::mutex;
  static auto* const known = new std::unordered_map<std::string, Shapes>;
  const std::string key = KeyOf(op, arguments);
  {
    const std::lock_guard lock(*mutex);
    const auto found = known->find(key);
    if (found != known->end()) return found->second;
  }
  Shapes shapes = Infer(op, arguments);
  const std::lock_guard lock(*mutex);
  return known->emplace(key, std::move(shapes)).first->second;
}

// A GPU's kernels take numbers from the host, but no tensors.
c10::Device TheDevice(const Operator& op, const Stack& arguments) {
  static const std::set<std::string> takes_host_indices = {
      "aten::index", "aten::index_put_", "aten::_index_put_impl_", "aten::_unsafe_index"};
  std::optional<c10::Device> device;
  for (const IValue& argument : arguments) {
    ForTensors(argument, [&](const at::Tensor& tensor) {
      if (!IsOurs(tensor)) return;
      TORCH_CHECK(!device || *device == tensor.device(), op.name(),
                  ": Expected all tensors to be on the same device, but found two, ", *device,
                  " and ", tensor.device());
      device = tensor.device();
    });
  }
  for (const IValue& argument : arguments) {
    if (argument.isDevice() && argument.toDevice().type() == kType) device = argument.toDevice();
    ForTensors(argument, [&](const at::Tensor& tensor) {
      TORCH_CHECK(!tensor.defined() || IsOurs(tensor) || tensor.dim() == 0 ||
                      takes_host_indices.count(op.name()) > 0,
                  op.name(), ": Expected all tensors to be on the same device, but one is on cpu");
    });
  }
  if (!device) device = c10::Device(kType, CurrentDevice());
  if (!device->has_index()) device = c10::Device(kType, CurrentDevice());
  return *device;
}

// An `out` argument of another size takes that of the result.
void ResizeWritten(const Operator& op, const Stack& arguments, const Shapes& shapes) {
  size_t next = 0;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool written = IsWritten(op.given.schema().arguments()[i]);
    ForTensors(arguments[i], [&](const at::Tensor& tensor) {
      const Shape& shape = shapes.given[next++];
      if (written && tensor.defined() && tensor.sizes() != at::IntArrayRef(shape.sizes))
        tensor.resize_(shape.sizes);
    });
  }
}

// Which argument a result is; none: a new tensor.
std::optional<size_t> WhichArgument(const c10::FunctionSchema& schema,
                                    const c10::Argument& result) {
  if (result.alias_info() == nullptr) return std::nullopt;
  TORCH_CHECK(result.alias_info()->isWrite(), schema.name(),
              " gives a view, for which the accelerator for tests needs a kernel of its own");
  for (size_t i = 0; i < schema.arguments().size(); ++i) {
    const c10::AliasInfo* alias = schema.arguments()[i].alias_info();
    if (alias != nullptr && alias->beforeSets() == result.alias_info()->beforeSets()) return i;
  }
  return std::nullopt;
}

bool MayDiffer(const at::Tensor& a, const at::Tensor& b) {
  for (int64_t i = 0; i < a.dim(); ++i) {
    if (a.size(i) > 1 && a.stride(i) != b.stride(i)) return true;
  }
  return a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type();
}

void CopyResult(const std::string& name, const at::Tensor& from, const at::Tensor& to) {
  if (!to.defined()) return;
  TORCH_CHECK(from.defined() && !MayDiffer(from, to), name, " gave another shape for zeros");
  to.copy_(from);
}

at::Tensor ForKernel(const at::Tensor& tensor) {
  if (!tensor.defined()) return tensor;
  if (IsOurs(tensor)) return Bytes(tensor);
  at::Tensor copy = tensor.clone();  // the host may change its own while this is queued
  CopyWrapped(tensor, copy);
  return copy;
}

// New tensors for results, and the same for kernels.
struct Results {
  Stack values;                                                   // as the caller gets them
  std::vector<std::pair<size_t, std::vector<at::Tensor>>> bytes;  // of the new ones, by place
};

Results MakeResults(const Operator& op, const Stack& arguments, const Shapes& shapes,
                    c10::Device device) {
  Results results;
  const auto& schema = op.given.schema();
  for (size_t i = 0; i < schema.returns().size(); ++i) {
    if (const auto argument = WhichArgument(schema, schema.returns()[i])) {
      results.values.push_back(arguments[*argument]);
      continue;
    }
    std::vector<at::Tensor> made, bytes;
    for (const Shape& shape : shapes.returned[i]) {
      made.push_back(shape.Empty(device));
      bytes.push_back(made.back().defined() ? Bytes(made.back()) : at::Tensor());
    }
    results.bytes.emplace_back(i, std::move(bytes));
    if (schema.returns()[i].type()->kind() == c10::TypeKind::TensorType) {
      results.values.emplace_back(made.front());
    } else {
      results.values.emplace_back(made);
    }
  }
  return results;
}

void Enqueue(const Operator& op, Stack& stack) {
  const size_t count = op.given.schema().arguments().size();
  Stack arguments(stack.end() - static_cast<int64_t>(count), stack.end());
  const c10::Device device = TheDevice(op, arguments);
  const c10::DeviceGuard guard(device);
  const Shapes& shapes = ShapesOf(op, arguments);
  ResizeWritten(op, arguments, shapes);
  Stack inputs = MapStack(arguments, count, &ForKernel);
  Results results = MakeResults(op, arguments, shapes, device);
  Post(CurrentStream(device.index()), Work::kKernel,
       [op, inputs = std::move(inputs), bytes = std::move(results.bytes)] {
         Stack values = inputs;
         op.CallOnCpu(values);
         for (const auto& [place, to] : bytes) {
           size_t next = 0;
           ForTensors(values[place],
                      [&](const at::Tensor& from) { CopyResult(op.name(), from, to[next++]); });
         }
       });
  torch::jit::drop(stack, count);
  for (IValue& value : results.values) stack.push_back(std::move(value));
}

at::Tensor ToDevice(const at::Tensor& host, c10::Device device) {
  if (!host.defined()) return host;
  at::Tensor made = Shape(host).Empty(device);
  Post(CurrentStream(device.index()), Work::kKernel,
       [host, bytes = Bytes(made)] { bytes.copy_(host); });
  return made;
}

// Operators whose result the host must see: it waits, as it does for a GPU.
void Await(const Operator& op, Stack& stack) {
  const size_t count = op.given.schema().arguments().size();
  const Stack arguments(stack.end() - static_cast<int64_t>(count), stack.end());
  const c10::Device device = TheDevice(op, arguments);
  const c10::DeviceGuard guard(device);
  {
    State& state = TheState();
    const std::lock_guard lock(state.mutex);
    ++state.counts.waiting[op.name()];
  }
  WaitFor(CurrentStream(device.index()));
  Stack values = MapStack(arguments, count, &ForKernel);
  op.CallOnCpu(values);
  torch::jit::drop(stack, count);
  for (const IValue& value : values) {
    stack.push_back(
        MapTensors(value, [&](const at::Tensor& tensor) { return ToDevice(tensor, device); }));
  }
}

// The shape of the result depends on the values, or it is none of tensors.
bool HostMustSee(const c10::FunctionSchema& schema) {
  static const std::set<std::string> depends_on_values = {
      "aten::nonzero",     "aten::masked_select",      "aten::_unique",  "aten::_unique2",
      "aten::unique_dim",  "aten::unique_consecutive", "aten::bincount", "aten::repeat_interleave",
      "aten::multinomial", "aten::_assert_async"};
  if (depends_on_values.count(schema.name()) > 0) return true;
  for (const c10::Argument& result : schema.returns()) {
    const auto kind = result.type()->kind();
    if (kind != c10::TypeKind::TensorType && kind != c10::TypeKind::ListType) return true;
  }
  return false;
}

void Any(const c10::OperatorHandle& handle, Stack* stack) {
  const Operator op{handle, handle};
  if (HostMustSee(handle.schema())) {
    Await(op, *stack);
  } else {
    Enqueue(op, *stack);
  }
}

c10::OperatorHandle Find(const char* name) {
  return c10::Dispatcher::singleton().findSchemaOrThrow(name, "");
}

void Convolution(const c10::OperatorHandle& handle, Stack* stack) {
  static const c10::OperatorHandle on_cpu = Find("aten::convolution");
  Enqueue({handle, on_cpu}, *stack);
}

// The operator for CPUs also wants the sizes of the bias: none here, as all our convolutions have.
void AddBiasSizes(Stack& stack) {
  const at::Tensor weight = stack[2].toTensor();
  const bool transposed = stack[6].toBool();
  const int64_t channels = transposed ? weight.size(1) * stack[8].toInt() : weight.size(0);
  stack.insert(stack.begin() + 3, IValue(std::vector<int64_t>{channels}));
}

void ConvolutionBackward(const c10::OperatorHandle& handle, Stack* stack) {
  static const c10::OperatorHandle on_cpu = Find("aten::convolution_backward");
  Enqueue({handle, on_cpu, &AddBiasSizes}, *stack);
}

at::Tensor Empty(c10::SymIntArrayRef sizes, std::optional<at::ScalarType> type,
                 std::optional<at::Layout>, std::optional<at::Device> device, std::optional<bool>,
                 std::optional<at::MemoryFormat> format) {
  const c10::OptionalDeviceGuard guard(device);
  return at::detail::empty_generic(C10_AS_INTARRAYREF_SLOW(sizes), &DeviceMemory(), kKeys,
                                   type.value_or(at::kFloat), format);
}

at::Tensor EmptyStrided(c10::SymIntArrayRef sizes, c10::SymIntArrayRef strides,
                        std::optional<at::ScalarType> type, std::optional<at::Layout>,
                        std::optional<at::Device> device, std::optional<bool>) {
  const c10::OptionalDeviceGuard guard(device);
  return at::detail::empty_strided_generic(C10_AS_INTARRAYREF_SLOW(sizes),
                                           C10_AS_INTARRAYREF_SLOW(strides), &DeviceMemory(), kKeys,
                                           type.value_or(at::kFloat));
}

const at::Tensor& Resize(const at::Tensor& self, c10::SymIntArrayRef sizes,
                         std::optional<at::MemoryFormat> format) {
  const auto wanted = C10_AS_INTARRAYREF_SLOW(sizes);
  if (self.sizes() == wanted) return self;
  const c10::DeviceGuard guard(self.device());
  at::TensorImpl* impl = self.unsafeGetTensorImpl();
  const auto bytes = static_cast<size_t>(c10::multiply_integers(wanted)) * self.itemsize() +
                     static_cast<size_t>(self.storage_offset()) * self.itemsize();
  const at::Storage& storage = impl->unsafe_storage();
  if (storage.nbytes() < bytes) {
    const size_t before = storage.nbytes();
    at::DataPtr larger = DeviceMemory().allocate(bytes);
    if (before > 0) DeviceMemory().copy_data(larger.get(), storage.data(), before);
    storage.set_data_ptr_noswap(std::move(larger));
    storage.set_nbytes(bytes);
  }
  impl->set_sizes_contiguous(wanted);
  if (format && *format != at::MemoryFormat::Preserve) impl->empty_tensor_restride(*format);
  return self;
}

at::Tensor View(const at::Tensor& self, c10::SymIntArrayRef sizes) {
  return at::native::view(self, C10_AS_INTARRAYREF_SLOW(sizes));
}

at::Tensor AsStrided(const at::Tensor& self, c10::SymIntArrayRef sizes, c10::SymIntArrayRef strides,
                     std::optional<c10::SymInt> offset) {
  return at::native::as_strided_tensorimpl(
      self, C10_AS_INTARRAYREF_SLOW(sizes), C10_AS_INTARRAYREF_SLOW(strides),
      offset ? std::optional(offset->expect_int()) : std::nullopt);
}

at::Tensor Unfold(const at::Tensor& self, int64_t dim, int64_t size, int64_t step) {
  return at::native::unfold(self, dim, size, step);
}

at::Tensor ReshapeAlias(const at::Tensor& self, c10::SymIntArrayRef sizes,
                        c10::SymIntArrayRef strides) {
  return at::native::_reshape_alias(self, C10_AS_INTARRAYREF_SLOW(sizes),
                                    C10_AS_INTARRAYREF_SLOW(strides));
}

void RecordStream(at::Tensor& self, c10::Stream stream) {
  DeviceMemory().recordStream(self.storage().data_ptr(), stream);
}

at::Scalar Item(const at::Tensor& self) {
  {
    State& state = TheState();
    const std::lock_guard lock(state.mutex);
    ++state.counts.waiting["aten::_local_scalar_dense"];
  }
  WaitFor(CurrentStream(self.device().index()));
  return at::_local_scalar_dense(Bytes(self));
}

// Copies: to the host.
void ToHost(const at::Tensor& host, const at::Tensor& ours, bool non_blocking) {
  const c10::Stream stream = CurrentStream(ours.device().index());
  const bool later = non_blocking && host.numel() > 0 && IsPinned(host.data_ptr());
  if (host.is_non_overlapping_and_dense()) std::memset(host.data_ptr(), 0xff, host.nbytes());
  // Its own memory is not kept alive either: the allocator of page-locked memory sees to that.
  const at::Tensor to = at::from_blob(host.data_ptr(), host.sizes(), host.strides(),
                                      host.options().requires_grad(false));
  Post(stream, Work::kCopy, [to, from = Bytes(ours)] { to.copy_(from); });
  if (later) {
    NotePinnedUse(host.data_ptr(), stream);
  } else {
    WaitFor(stream);
  }
}

// From page-locked memory, when its turn comes; from other memory, the driver takes the bytes now.
void FromHost(const at::Tensor& ours, const at::Tensor& host, bool non_blocking) {
  const c10::Stream stream = CurrentStream(ours.device().index());
  const bool pinned = host.numel() > 0 && host.scalar_type() == ours.scalar_type() &&
                      host.is_contiguous() && IsPinned(host.data_ptr());
  const at::Tensor from = pinned ? at::from_blob(host.data_ptr(), host.sizes(), host.strides(),
                                                 host.options().requires_grad(false))
                                 : host.detach().clone();
  Post(stream, Work::kCopy, [from, to = Bytes(ours)] { to.copy_(from); });
  if (pinned) NotePinnedUse(host.data_ptr(), stream);
  if (!non_blocking) WaitFor(stream);
}

void OnDevice(const at::Tensor& to, const at::Tensor& from) {
  if (to.device() != from.device()) WaitFor(CurrentStream(from.device().index()));
  Post(CurrentStream(to.device().index()), Work::kKernel,
       [to = Bytes(to), from = Bytes(from)] { to.copy_(from); });
}

at::Tensor& Copy(at::Tensor& self, const at::Tensor& from, bool non_blocking) {
  if (IsOurs(self) && IsOurs(from)) {
    OnDevice(self, from);
  } else if (IsOurs(self)) {
    FromHost(self, from, non_blocking);
  } else {
    ToHost(self, from, non_blocking);
  }
  return self;
}

at::Tensor CopyFrom(const at::Tensor& self, const at::Tensor& to, bool non_blocking) {
  at::Tensor target = to;
  return Copy(target, self, non_blocking);
}

at::Tensor CopyFromAndResize(const at::Tensor& self, const at::Tensor& to) {
  to.resize_(self.sizes());
  return CopyFrom(self, to, false);
}

TORCH_LIBRARY_IMPL(_, MTIA, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&Any>());
}

// What is one kernel on a GPU, where libtorch would otherwise take one for each tensor.
void RegisterForeach(torch::Library& library) {
  for (const char* name : {"_foreach_add_.Scalar", "_foreach_add_.List", "_foreach_copy_"})
    library.impl(name, torch::CppFunction::makeFromBoxedFunction<&Any>());
}

TORCH_LIBRARY_IMPL(aten, MTIA, library) {
  RegisterForeach(library);
  library.impl("empty.memory_format", &Empty);
  library.impl("empty_strided", &EmptyStrided);
  library.impl("resize_", &Resize);
  library.impl("view", &View);
  library.impl("as_strided", &AsStrided);
  library.impl("unfold", &Unfold);
  library.impl("_reshape_alias", &ReshapeAlias);
  library.impl("record_stream", &RecordStream);
  library.impl("_local_scalar_dense", &Item);
  library.impl("copy_", &Copy);
  library.impl("_copy_from", &CopyFrom);
  library.impl("_copy_from_and_resize", &CopyFromAndResize);
  library.impl("convolution_overrideable",
               torch::CppFunction::makeFromBoxedFunction<&Convolution>());
  library.impl("convolution_backward_overrideable",
               torch::CppFunction::makeFromBoxedFunction<&ConvolutionBackward>());
}

}  // namespace
}  // namespace flowtrain::accelerator
