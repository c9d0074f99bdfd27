// The values that a FusedView makes are those of the bytes that it makes.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "nodes/image/aligned_vector.h"
#include "nodes/image/simd/instruction_set.h"
#include "tests/support/view_testing.h"

namespace flowtrain {
namespace {

const simd::Normalization kBy = simd::NormalizationOf({0.485, 0.456, 0.406}, {0.229, 0.224, 0.225});

// What Make writes, which begins `shift` values behind the start of a cache line; what follows it is
// not to be written.
template <typename T>
std::vector<T> Made(const ViewSource& source, const ViewParams& params,
                    const AugmentOptions& options, int size, bool planes, size_t shift) {
  const size_t count = static_cast<size_t>(size) * static_cast<size_t>(size) * 3;
  AlignedVector<T> out(shift + count + 64, T{77});
  FusedView().Make(source, params, options, size, ViewValues{kBy, {out.data() + shift, planes}});
  for (size_t i = 0; i < shift; ++i) EXPECT_EQ(out[i], T{77});
  for (size_t i = shift + count; i < out.size(); ++i) EXPECT_EQ(out[i], T{77});
  return {out.data() + shift, out.data() + shift + count};
}

template <typename T>
std::vector<T> OfBytes(const Bytes& bytes, bool planes) {
  std::vector<T> out(bytes.size());
  simd::NormalizeRgb(kBy, bytes.data(), bytes.size() / 3, {out.data(), planes});
  return out;
}

// Draws that use every operation, and leave out each of them now and then.
AugmentOptions Options() {
  AugmentOptions options;
  options.jitter = options.grey = options.blur = 0.7;
  options.solarize = 0.5;
  return options;
}

void ExpectValuesOfBytes(const ViewSource& source, const AugmentOptions& options, int size) {
  for (uint64_t id = 0; id < 12; ++id) {
    const ViewParams params = Drawn(options, source, id);
    const Bytes bytes = Fused(source, params, options, size);
    const bool planes = id % 2 == 0;
    const size_t shift = id % 3 == 0 ? 5 : 0;
    EXPECT_TRUE(Made<float>(source, params, options, size, planes, shift) ==
                OfBytes<float>(bytes, planes))
        << size << ' ' << id;
    EXPECT_TRUE(Made<uint16_t>(source, params, options, size, planes, shift) ==
                OfBytes<uint16_t>(bytes, planes))
        << size << ' ' << id;
  }
}

TEST(FusedValues, AreThoseOfTheBytes) {
  const Bytes image = Picture(96, 120), planes = ColumnPlanes(image, 96, 120);
  const ViewSource rgb = Source(image, 120), columns = ByColumns(rgb, planes);
  for (const std::string& set : simd::InstructionSets()) {
    ASSERT_TRUE(simd::CapInstructionSet(set));
    for (const int size : {16, 17, 24, 31, 50, 96, 97, 224}) {
      ExpectValuesOfBytes(rgb, Options(), size);
      ExpectValuesOfBytes(columns, Options(), size);
    }
  }
  ASSERT_TRUE(simd::CapInstructionSet(""));
}

// A kernel that reaches over several of the parts in which a view is stored.
TEST(FusedValues, AreThoseOfTheBytesWithALargeBlur) {
  const Bytes image = Picture(96, 96), planes = ColumnPlanes(image, 96, 96);
  const ViewSource columns = ByColumns(Source(image, 96), planes);
  AugmentOptions options = Options();
  options.blur_kernel = 121;
  options.blur_sigma = {5, 30};
  for (const int size : {20, 96, 224}) ExpectValuesOfBytes(columns, options, size);
}

}  // namespace
}  // namespace flowtrain
