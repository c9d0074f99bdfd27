#include "nodes/evaluate/npy_file.h"

#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

TEST(NpyFile, IsAsNumpyWritesIt) {
  const TempFolder folder;
  const std::string path = folder / "matrix.npy";
  WriteNpy(path, at::tensor({0.F, 2.F, 1.F, 3.F, 7.F, 4.F}).view({3, 2}).t());
  // numpy.save(…, numpy.array([[0, 1, 7], [2, 3, 4]], dtype='float32')) of NumPy 2
  std::string expected("\x93NUMPY\x01\x00\x76\x00", 10);
  expected += "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  expected.append(127 - expected.size(), ' ');
  expected += '\n';
  const float rows[] = {0, 1, 7, 2, 3, 4};
  expected.append(reinterpret_cast<const char*>(rows), sizeof rows);
  EXPECT_EQ(ReadText(path), expected);
}

}  // namespace
}  // namespace flowtrain
