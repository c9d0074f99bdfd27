#include "nodes/train/weights/state_dict_file.h"

#include <ATen/core/Dict.h>
#include <ATen/core/ivalue.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <exception>
#include <fstream>
#include <iterator>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/base/files/new_file.h"

namespace flowtrain {
namespace {

using caffe2::serialize::PyTorchStreamReader;
using caffe2::serialize::PyTorchStreamWriter;

// Appends to a file what libtorch's writer produces. An exception must not pass through that
// writer: its destructor writes on, throws again and ends the process.
class Sink {
 public:
  explicit Sink(NewFile& file) : file_(file) {}
  size_t Write(const void* data, size_t size) {
    try {
      if (!error_) file_.Append({static_cast<const uint8_t*>(data), size});
    } catch (const DataError&) {
      error_ = std::current_exception();
    }
    return size;
  }
  void RethrowIfFailed() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  NewFile& file_;
  std::exception_ptr error_;
};

[[noreturn]] void Refuse(const std::string& path, const std::string& why) {
  throw DataError(path + " cannot be read as a dict of tensors: " + why +
                  ". Write it from Python by safetensors.torch.save_file(model.state_dict(), "
                  "'weights.safetensors'), or torch.save(dict(model.state_dict()), 'weights.pt')");
}

c10::IValue Unpickle(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw DataError("there is no file " + path + ", or it cannot be read");
  try {
    return torch::jit::pickle_load({std::istreambuf_iterator<char>(in), {}});
  } catch (const std::exception&) {
    // libtorch's reader does not know attributes of a dict, and a module's own state dict has one.
    Refuse(path,
           "it is damaged, of the format before torch 1.6, or holds more than tensors (a module's "
           "state dict does)");
  }
}

// Adds the tensors of a dict, and of those within it, with `prefix` before their names.
void Gather(const c10::impl::GenericDict& dict, const std::string& prefix, int depth,
            NamedTensors& tensors) {
  constexpr int kDeepest = 8;
  for (const auto& item : dict) {
    if (!item.key().isString()) continue;
    const std::string name = prefix + item.key().toStringRef();
    if (item.value().isTensor()) {
      tensors.emplace_back(name, item.value().toTensor());
    } else if (item.value().isGenericDict() && depth < kDeepest) {
      Gather(item.value().toGenericDict(), name + '.', depth + 1, tensors);
    }
  }
}

}  // namespace

void WriteStateDict(const std::string& path, const NamedTensors& tensors) {
  c10::Dict<std::string, at::Tensor> dict;
  for (const auto& [name, tensor] : tensors) {
    // A tensor is written with its whole storage, so it gets one of its own.
    dict.insert(name, tensor.detach().cpu().clone(at::MemoryFormat::Contiguous));
  }
  std::string pickled;
  // Without TorchScript's type tags, which weights_only=True does not allow.
  torch::jit::Pickler pickler(
      [&pickled](const char* bytes, size_t size) { pickled.append(bytes, size); }, nullptr, nullptr,
      nullptr, nullptr, /*tag_aggregates=*/false);
  pickler.protocol();
  pickler.pushIValue(dict);
  pickler.stop();

  NewFile file(path);
  Sink sink(file);
  {
    PyTorchStreamWriter writer(
        [&sink](const void* data, size_t size) { return sink.Write(data, size); });
    const std::string byte_order = "little";
    writer.writeRecord("data.pkl", pickled.data(), pickled.size());
    writer.writeRecord("byteorder", byte_order.data(), byte_order.size());
    size_t number = 0;  // the pickle refers to storages by number
    for (const at::Tensor& tensor : pickler.tensorData()) {
      writer.writeRecord("data/" + std::to_string(number++), tensor.const_data_ptr(),
                         tensor.nbytes());
    }
    writer.writeEndOfFile();
  }
  sink.RethrowIfFailed();
  file.Commit({});
}

NamedTensors ReadStateDict(const std::string& path) {
  const c10::IValue value = Unpickle(path);
  if (!value.isGenericDict()) Refuse(path, "it holds no dict");
  NamedTensors tensors;
  Gather(value.toGenericDict(), "", 1, tensors);
  if (tensors.empty()) Refuse(path, "no tensor in it has a name");
  return tensors;
}

bool IsStateDict(const std::string& path) {
  try {
    PyTorchStreamReader reader(path);
    return !reader.hasRecord("constants.pkl");
  } catch (const c10::Error&) {
    return false;
  }
}

}  // namespace flowtrain
