#include "nodes/evaluate/npy_file.h"

#include <bit>
#include <cstdint>
#include <string_view>

#include "pipeline/base/files/new_file.h"

namespace flowtrain {
namespace {

static_assert(std::endian::native == std::endian::little, "'<f4' is little-endian");

constexpr std::string_view kMagic("\x93NUMPY\x01\x00", 8);
constexpr size_t kAlignment = 64;  // of the elements in the file

std::string HeaderOf(const at::Tensor& matrix) {
  std::string text = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                     std::to_string(matrix.size(0)) + ", " + std::to_string(matrix.size(1)) +
                     "), }";
  const size_t before = kMagic.size() + sizeof(uint16_t);
  const size_t whole = (before + text.size() + 1 + kAlignment - 1) / kAlignment * kAlignment;
  text.resize(whole - before - 1, ' ');
  return text + '\n';
}

void Append(NewFile& file, const void* bytes, size_t size) {
  file.Append({static_cast<const uint8_t*>(bytes), size});
}

}  // namespace

void WriteNpy(const std::string& path, const at::Tensor& matrix) {
  const at::Tensor rows = matrix.contiguous();
  const std::string header = HeaderOf(rows);
  const auto length = static_cast<uint16_t>(header.size());
  NewFile file(path);
  Append(file, kMagic.data(), kMagic.size());
  Append(file, &length, sizeof(length));
  Append(file, header.data(), header.size());
  Append(file, rows.const_data_ptr<float>(), rows.nbytes());
  file.Commit({});
}

}  // namespace flowtrain
