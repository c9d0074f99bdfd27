#include "nodes/train/weights/safetensors.h"

#include <ATen/Functions.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>

#include "pipeline/base/error.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

class SafetensorsFile : public testing::Test {
 protected:
  // What is said of a file of these bytes.
  std::string RefusalOf(const std::string& bytes) const {
    WriteText(path_, bytes);
    return MessageOf<DataError>([&] { ReadSafetensors(path_); });
  }
  static std::string WithHeader(const std::string& header, size_t data_bytes) {
    const uint64_t length = header.size();
    return std::string(reinterpret_cast<const char*>(&length), 8) + header +
           std::string(data_bytes, '\1');
  }

  const TempFolder folder_;
  const std::string path_ = folder_ / "a.safetensors";
};

TEST_F(SafetensorsFile, IsAsTheFormatSaysByteForByte) {
  // A matrix in another memory order, and a scalar of wider elements, which goes first.
  const at::Tensor matrix = at::tensor({1.0F, 3.0F, 2.0F, 4.0F}).view({2, 2}).t();
  WriteSafetensors(
      path_, {{{"w", matrix}, {"n", at::tensor(7, at::kLong).squeeze()}}, {{"format", "pt"}}});
  const std::string header = R"({"__metadata__":{"format":"pt"},)"
                             R"("n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                             R"("w":{"dtype":"F32","shape":[2,2],"data_offsets":[8,24]}})";
  const size_t padded = (header.size() + 7) / 8 * 8;
  std::string expected(8, '\0');
  expected[0] = static_cast<char>(padded);
  expected += header + std::string(padded - header.size(), ' ');
  expected += std::string("\x07\0\0\0\0\0\0\0", 8);
  const float rows[] = {1, 2, 3, 4};
  expected.append(reinterpret_cast<const char*>(rows), sizeof rows);
  EXPECT_EQ(ReadText(path_), expected);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

TEST_F(SafetensorsFile, IsReadBackWithEveryType) {
  Safetensors written;
  written.metadata = {{"format", "pt"}, {"a \"name\"", "ü"}};
  at::manual_seed(1);
  for (const auto type : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt,
                          at::kShort, at::kChar, at::kByte, at::kBool}) {
    written.tensors.emplace_back(c10::toString(type), at::randn({3, 5}).mul(9).to(type));
  }
  written.tensors.emplace_back("empty", at::empty({0, 4}));
  written.tensors.emplace_back("channels last",
                               at::randn({2, 3, 4, 5}).contiguous(at::MemoryFormat::ChannelsLast));
  WriteSafetensors(path_, written);
  const Safetensors read = ReadSafetensors(path_);
  EXPECT_EQ(read.metadata, written.metadata);
  ASSERT_EQ(read.tensors.size(), written.tensors.size());
  for (const auto& [name, tensor] : read.tensors) {
    const auto same = std::find_if(written.tensors.begin(), written.tensors.end(),
                                   [&](const auto& one) { return one.first == name; });
    ASSERT_NE(same, written.tensors.end()) << name;
    EXPECT_EQ(tensor.scalar_type(), same->second.scalar_type()) << name;
    EXPECT_TRUE(tensor.equal(same->second)) << name;
    EXPECT_TRUE(tensor.is_contiguous()) << name;
  }
}

TEST_F(SafetensorsFile, HostileFilesAreRefusedWithTheReason) {
  WriteSafetensors(path_, {{{"a", at::ones({4})}}, {}});
  const std::string whole = ReadText(path_);
  const std::string a = R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]})";
  struct Case {
    std::string bytes, says;
  };
  const std::vector<Case> cases = {
      {"", "0 bytes"},
      {whole.substr(0, 7), "7 bytes"},
      {whole.substr(0, 20), "its header would have"},
      {whole.substr(0, whole.size() - 1), "lies outside the file"},
      {whole + "x", "1 bytes at its end"},
      {std::string(8, '\xFF') + "{}", "its header would have 18446744073709551615"},
      {WithHeader("{", 0), "no JSON object"},
      {WithHeader(std::string("{}") + '\0', 0), "zero byte"},
      {WithHeader("[1]", 0), "no JSON object"},
      {WithHeader(std::string(100'000, '['), 0), "no JSON object"},
      {WithHeader(R"({"__metadata__":{"a":1}})", 0), "metadata 'a' is not text"},
      {WithHeader(R"({"a":3})", 0), "not a description of a tensor"},
      {WithHeader(R"({"a":{"shape":[4],"data_offsets":[0,16]}})", 16), "'a' has no type"},
      {WithHeader(R"({"a":{"dtype":"F8","shape":[4],"data_offsets":[0,16]}})", 16), "type F8"},
      {WithHeader(R"({"a":{"dtype":"F32","data_offsets":[0,16]}})", 16), "'a' has no shape"},
      {WithHeader(R"({"a":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}})", 16), "from 0 on"},
      {WithHeader(R"({"a":{"dtype":"F32","shape":[4.5],"data_offsets":[0,16]}})", 16), "from 0 on"},
      {WithHeader(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}})", 16), "outside"},
      {WithHeader(R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0]}})", 16), "outside"},
      {WithHeader(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,16]}})", 16), "asks for 12"},
      {WithHeader(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})",
                  0),
       "impossible shape"},
      {WithHeader(a + R"(,"b":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}})", 24),
       "'b' overlaps"},
      {WithHeader(a + R"(,"b":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 16),
       "overlaps"},
      {WithHeader(a + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[20,24]}})", 24),
       "a gap before 'b'"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(RefusalOf(c.bytes), testing::HasSubstr(c.says)) << c.bytes.substr(0, 200);
  }
  EXPECT_EQ(RefusalOf(whole), "");
  fs::remove(path_);
  EXPECT_THROW(ReadSafetensors(path_), DataError);
}

}  // namespace
}  // namespace flowtrain
