#include "nodes/train/weights/checksums.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "pipeline/base/files/xxh64.h"

namespace flowtrain {
namespace {

constexpr char kTensors[] = "tensors", kSeal[] = "xxh64";

std::string Hex(uint64_t sum) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016" PRIx64, sum);
  return text.data();
}

std::string SumOf(const std::string& text) {
  return Hex(Xxh64({reinterpret_cast<const uint8_t*>(text.data()), text.size()}));
}

std::string SumOf(const at::Tensor& tensor) {
  return Hex(Xxh64({static_cast<const uint8_t*>(tensor.const_data_ptr()), tensor.nbytes()}));
}

std::string LineOf(const std::string& name, const at::Tensor& tensor) {
  std::ostringstream line;
  line << SumOf(tensor) << ' ' << SafetensorsTypeName(tensor.scalar_type()) << " [";
  for (int64_t i = 0; i < tensor.dim(); ++i) line << (i == 0 ? "" : ",") << tensor.size(i);
  line << "] " << name;
  return line.str();
}

std::string SealOf(std::map<std::string, std::string> metadata) {
  metadata.erase(kSeal);
  return SumOf(
      nlohmann::json(metadata).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

NamedTensors ByName(NamedTensors tensors) {
  std::sort(tensors.begin(), tensors.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return tensors;
}

}  // namespace

void Seal(Safetensors& contents) {
  std::string lines;
  for (const auto& [name, tensor] : ByName(contents.tensors)) lines += LineOf(name, tensor) + '\n';
  contents.metadata[kTensors] = lines;
  contents.metadata[kSeal] = SealOf(contents.metadata);
}

void CheckSeal(const std::map<std::string, std::string>& metadata) {
  const auto seal = metadata.find(kSeal);
  if (seal == metadata.end() || metadata.count(kTensors) == 0) {
    throw std::runtime_error("it has no checksums");
  }
  if (seal->second != SealOf(metadata)) {
    throw std::runtime_error("the checksum of its header is wrong");
  }
}

void CheckSeal(const Safetensors& contents) {
  CheckSeal(contents.metadata);
  std::istringstream lines(contents.metadata.at(kTensors));
  std::string line;
  for (const auto& [name, tensor] : ByName(contents.tensors)) {
    if (!std::getline(lines, line) || line != LineOf(name, tensor)) {
      throw std::runtime_error("the checksum of '" + name + "' is wrong");
    }
  }
  if (std::getline(lines, line)) throw std::runtime_error("a tensor is missing: " + line);
}

std::string DigestOf(const std::map<std::string, std::string>& metadata) {
  return SumOf(metadata.at(kTensors));
}

}  // namespace flowtrain
