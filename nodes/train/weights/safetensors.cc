#include "nodes/train/weights/safetensors.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <span>
#include <stdexcept>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/base/files/mapped_file.h"
#include "pipeline/base/files/new_file.h"

namespace flowtrain {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr char kMetadata[] = "__metadata__";
constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the reference implementation's limit

struct ElementType {
  const char* name;
  c10::ScalarType scalar;
};
constexpr std::array kTypes = {ElementType{"F64", at::kDouble}, ElementType{"F32", at::kFloat},
                               ElementType{"F16", at::kHalf},   ElementType{"BF16", at::kBFloat16},
                               ElementType{"I64", at::kLong},   ElementType{"I32", at::kInt},
                               ElementType{"I16", at::kShort},  ElementType{"I8", at::kChar},
                               ElementType{"U8", at::kByte},    ElementType{"BOOL", at::kBool}};

std::span<const uint8_t> BytesOf(const at::Tensor& tensor) {
  return {static_cast<const uint8_t*>(tensor.const_data_ptr()), tensor.nbytes()};
}

// On the host, row-major, the widest elements first.
NamedTensors InFileOrder(const NamedTensors& tensors) {
  NamedTensors ordered;
  for (const auto& [name, tensor] : tensors) {
    ordered.emplace_back(name, tensor.detach().cpu().contiguous());
  }
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return a.second.element_size() > b.second.element_size();
  });
  return ordered;
}

std::string HeaderOf(const NamedTensors& tensors, const std::map<std::string, std::string>& texts) {
  nlohmann::ordered_json header;
  if (!texts.empty()) header[kMetadata] = texts;
  uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    nlohmann::ordered_json& entry = header[name];
    entry["dtype"] = SafetensorsTypeName(tensor.scalar_type());
    entry["shape"] = tensor.sizes().vec();
    entry["data_offsets"] = {offset, offset + tensor.nbytes()};
    offset += tensor.nbytes();
  }
  // Text that is not UTF-8 (a path may be anything) must not keep a run from being saved.
  std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the elements are aligned
  return text;
}

// What a header says about a tensor.
struct Entry {
  std::string name;
  c10::ScalarType scalar;
  std::vector<int64_t> shape;
  uint64_t begin, end;  // of its bytes, counted from the end of the header
};

// One file being examined.
class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path), file_(path) {}

  // Without `with_tensors` it reads the metadata alone.
  Safetensors Read(bool with_tensors) {
    Safetensors contents;
    const nlohmann::json header = ParseHeader();
    std::vector<Entry> entries;
    for (const auto& [name, value] : header.items()) {
      if (name == kMetadata) {
        contents.metadata = ReadMetadata(value);
      } else {
        entries.push_back(ReadEntry(name, value));
      }
    }
    CheckPlaces(entries);
    if (!with_tensors) return contents;
    file_.WillNeed(0, file_.bytes().size());
    for (const Entry& entry : entries) contents.tensors.emplace_back(entry.name, Copy(entry));
    file_.CheckReads();  // a file that is cut short meanwhile reads as zeros
    return contents;
  }

 private:
  [[noreturn]] void Refuse(const std::string& why) const {
    throw DataError(path_ + " is not a safetensors file, or it is damaged: " + why);
  }

  nlohmann::json ParseHeader() {
    const std::span<const uint8_t> bytes = file_.bytes();
    if (bytes.size() < kLengthBytes) Refuse("it has " + std::to_string(bytes.size()) + " bytes");
    uint64_t length = 0;
    std::memcpy(&length, bytes.data(), kLengthBytes);
    if (length > kMaxHeaderBytes || length > bytes.size() - kLengthBytes) {
      Refuse("its header would have " + std::to_string(length) + " bytes");
    }
    data_ = bytes.subspan(kLengthBytes + length);
    const auto text = bytes.subspan(kLengthBytes, length);
    // The parser would take a zero for the end and miss what follows.
    if (std::find(text.begin(), text.end(), 0) != text.end()) Refuse("its header has a zero byte");
    nlohmann::json header = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
    if (!header.is_object()) Refuse("its header is no JSON object");
    return header;
  }

  std::map<std::string, std::string> ReadMetadata(const nlohmann::json& value) const {
    std::map<std::string, std::string> metadata;
    if (!value.is_object()) Refuse("its metadata is not a map");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) Refuse("its metadata '" + key + "' is not text");
      metadata[key] = text.get<std::string>();
    }
    return metadata;
  }

  Entry ReadEntry(const std::string& name, const nlohmann::json& value) const {
    if (!value.is_object()) Refuse("'" + name + "' is not a description of a tensor");
    Entry entry;
    entry.name = name;
    entry.scalar = ReadType(name, value);
    const std::vector<uint64_t> shape = ReadNumbers(name, value, "shape");
    const std::vector<uint64_t> offsets = ReadNumbers(name, value, "data_offsets");
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data_.size()) {
      Refuse("'" + name + "' lies outside the file");
    }
    entry.begin = offsets[0];
    entry.end = offsets[1];
    uint64_t bytes = c10::elementSize(entry.scalar);
    uint64_t reach = bytes;  // what its strides span, also if a side is 0
    for (const uint64_t side : shape) {
      if (__builtin_mul_overflow(reach, std::max<uint64_t>(side, 1), &reach) || reach > INT64_MAX) {
        Refuse("'" + name + "' has an impossible shape");
      }
      bytes *= side;
      entry.shape.push_back(static_cast<int64_t>(side));
    }
    if (bytes != entry.end - entry.begin) {
      Refuse("'" + name + "' has " + std::to_string(entry.end - entry.begin) +
             " bytes and its shape asks for " + std::to_string(bytes));
    }
    return entry;
  }

  c10::ScalarType ReadType(const std::string& name, const nlohmann::json& value) const {
    const auto given = value.find("dtype");
    if (given != value.end() && given->is_string()) {
      for (const ElementType& type : kTypes) {
        if (*given == type.name) return type.scalar;
      }
      Refuse("'" + name + "' is of the unknown type " + given->get<std::string>());
    }
    Refuse("'" + name + "' has no type");
  }

  std::vector<uint64_t> ReadNumbers(const std::string& name, const nlohmann::json& value,
                                    const char* key) const {
    std::vector<uint64_t> numbers;
    const auto given = value.find(key);
    if (given == value.end() || !given->is_array()) Refuse("'" + name + "' has no " + key);
    for (const nlohmann::json& number : *given) {
      if (!number.is_number_unsigned())
        Refuse("the " + std::string(key) + " of '" + name + "' is not a list of numbers from 0 on");
      numbers.push_back(number.get<uint64_t>());
    }
    return numbers;
  }

  // The tensors must cover the data, each byte once.
  void CheckPlaces(std::vector<Entry> entries) const {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    uint64_t covered = 0;
    for (const Entry& entry : entries) {
      if (entry.begin < covered) Refuse("'" + entry.name + "' overlaps another tensor");
      if (entry.begin > covered) Refuse("there is a gap before '" + entry.name + "'");
      covered = entry.end;
    }
    if (covered != data_.size()) {
      Refuse(std::to_string(data_.size() - covered) + " bytes at its end belong to no tensor");
    }
  }

  at::Tensor Copy(const Entry& entry) const {
    at::Tensor tensor = at::empty(entry.shape, at::TensorOptions().dtype(entry.scalar));
    if (tensor.nbytes() > 0) {
      std::memcpy(tensor.data_ptr(), data_.data() + entry.begin, tensor.nbytes());
    }
    return tensor;
  }

  const std::string path_;
  const MappedFile file_;
  std::span<const uint8_t> data_;
};

}  // namespace

void WriteSafetensors(const std::string& path, const Safetensors& contents) {
  const NamedTensors tensors = InFileOrder(contents.tensors);
  const std::string header = HeaderOf(tensors, contents.metadata);
  const uint64_t length = header.size();
  NewFile file(path);
  file.Append({reinterpret_cast<const uint8_t*>(&length), kLengthBytes});
  file.Append(header);
  for (const auto& [name, tensor] : tensors) file.Append(BytesOf(tensor));
  file.Commit({});
}

Safetensors ReadSafetensors(const std::string& path) { return Reader(path).Read(true); }

std::map<std::string, std::string> ReadSafetensorsMetadata(const std::string& path) {
  return Reader(path).Read(false).metadata;
}

const char* SafetensorsTypeName(c10::ScalarType type) {
  for (const ElementType& known : kTypes) {
    if (known.scalar == type) return known.name;
  }
  throw std::logic_error(std::string("safetensors has no type ") + c10::toString(type));
}

}  // namespace flowtrain
