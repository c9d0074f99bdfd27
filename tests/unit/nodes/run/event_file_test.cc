#include "nodes/run/event_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "nodes/run/crc32c.h"
#include "tests/support/errors.h"
#include "tests/support/temp_folder.h"

namespace flowtrain {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

// RFC 3720, B.4.
TEST(Crc32c, OfTheStandardsExamples) {
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(Crc32c(std::string(32, '\xff')), 0x62a8ab43u);
}

// The events of a file without their frames, as far as it is whole.
std::vector<std::string> Events(const std::string& path) {
  const std::string bytes = ReadText(path);
  std::vector<std::string> events;
  size_t at = 0;
  while (at + 12 <= bytes.size()) {
    uint64_t length = 0;
    std::memcpy(&length, bytes.data() + at, sizeof(length));
    if (at + 16 + length > bytes.size()) break;
    events.push_back(bytes.substr(at + 12, length));
    at += 16 + length;
  }
  EXPECT_EQ(at, bytes.size()) << "what is behind the last whole record";
  return events;
}

TEST(EventFile, IsReadableAtAnyMoment) {
  TempFolder temp;
  EventFile file(temp.path());
  EXPECT_THAT(
      std::filesystem::path(file.path()).filename().string(),
      MatchesRegex("events\\.out\\.tfevents\\.[0-9]{10}\\..+\\." + std::to_string(::getpid())));
  ASSERT_EQ(Events(file.path()).size(), 1U);
  EXPECT_THAT(Events(file.path())[0], HasSubstr("brain.Event:2"));
  file.AddScalars(7, std::vector<std::pair<std::string, double>>{{"train/loss", 4.5}});
  const std::vector<std::string> events = Events(file.path());
  ASSERT_EQ(events.size(), 2U);
  // step 7; summary of 21 bytes: one value of 19: its tag, of 10, and a float.
  std::string value(4, '\0');
  const float loss = 4.5F;
  std::memcpy(value.data(), &loss, sizeof(loss));
  EXPECT_EQ(events[1].substr(9),
            std::string("\x10\x07\x2a\x13\x0a\x11\x0a\x0atrain/loss\x15") + value);
}

TEST(EventFile, ARecordHasItsMaskedChecksums) {
  TempFolder temp;
  EventFile file(temp.path());
  const std::string bytes = ReadText(file.path()), length = bytes.substr(0, 8);
  const auto masked = [](uint32_t crc) { return std::rotr(crc, 15) + 0xa282ead8u; };
  uint32_t of_length = 0, of_data = 0;
  std::memcpy(&of_length, bytes.data() + 8, 4);
  std::memcpy(&of_data, bytes.data() + bytes.size() - 4, 4);
  EXPECT_EQ(of_length, masked(Crc32c(length)));
  EXPECT_EQ(of_data, masked(Crc32c(bytes.substr(12, bytes.size() - 16))));
}

// TensorBoard reads the files of a folder in the order of their names.
TEST(EventFile, ComesAfterThoseThatAreThere) {
  TempFolder temp;
  temp.Write("events.out.tfevents.9999999990.other.1", "");
  const EventFile file(temp.path());
  EXPECT_THAT(file.path(), HasSubstr("events.out.tfevents.9999999991."));
}

TEST(EventFile, AFolderThatCannotBeWrittenIsAnError) {
  TempFolder temp;
  EXPECT_THAT(MessageOf<std::runtime_error>([&] { EventFile(temp / "none"); }),
              HasSubstr("events.out.tfevents."));
}

}  // namespace
}  // namespace flowtrain
