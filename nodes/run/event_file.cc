#include "nodes/run/event_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "nodes/run/crc32c.h"
#include "nodes/run/write_file.h"
#include "pipeline/base/host_name.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "events.out.tfevents.";

// The fields of the messages in event.proto, summary.proto and tensor.proto that are written.
enum EventField { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum SummaryField { kValue = 1 };
enum ValueField { kTag = 1, kSimpleValue = 2, kImage = 4, kTensor = 8, kMetadata = 9 };
enum ImageField { kHeight = 1, kWidth = 2, kColorspace = 3, kEncoded = 4 };
enum TensorField { kDtype = 1, kShape = 2, kStringVal = 8 };

template <typename Word>
void AppendLittleEndian(std::string& to, Word word) {
  for (size_t i = 0; i < sizeof(word); ++i) to += static_cast<char>((word >> (8 * i)) & 0xff);
}

// A protobuf message, encoded field by field.
class Message {
 public:
  Message& Int(int field, uint64_t value) {
    Key(field, 0);
    Varint(value);
    return *this;
  }
  Message& Double(int field, double value) {
    Key(field, 1);
    AppendLittleEndian(bytes_, std::bit_cast<uint64_t>(value));
    return *this;
  }
  Message& Float(int field, float value) {
    Key(field, 5);
    AppendLittleEndian(bytes_, std::bit_cast<uint32_t>(value));
    return *this;
  }
  Message& Bytes(int field, std::string_view value) {
    Key(field, 2);
    Varint(value.size());
    bytes_ += value;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void Key(int field, uint64_t wire_type) { Varint(static_cast<uint64_t>(field) << 3 | wire_type); }
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

uint32_t MaskedCrc(std::string_view bytes) {
  const uint32_t crc = Crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8;
}

double WallTime() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Later than those of the folder's event files, whatever happened to the clock in between.
long long SecondsForName(const std::string& folder) {
  long long seconds = static_cast<long long>(WallTime());
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.rfind(kPrefix, 0) != 0) continue;
    seconds = std::max(seconds, std::atoll(name.c_str() + kPrefix.size()) + 1);
  }
  return seconds;
}

std::string FileName(const std::string& folder) {
  std::string host = HostName();
  if (host.empty()) host = "localhost";
  std::array<char, 32> seconds{};
  std::snprintf(seconds.data(), seconds.size(), "%010lld", SecondsForName(folder));
  return std::string(kPrefix) + seconds.data() + '.' + host + '.' + std::to_string(::getpid());
}

}  // namespace

EventFile::EventFile(const std::string& folder) : path_(folder + '/' + FileName(folder)) {
  file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0) FailWrite(path_, errno);
  Write(Message().Double(kWallTime, WallTime()).Bytes(kFileVersion, "brain.Event:2").bytes());
}

EventFile::~EventFile() { ::close(file_); }

void EventFile::RestartAt(uint64_t step) {
  constexpr int kStatus = 1, kStart = 1;
  Write(Message()
            .Double(kWallTime, WallTime())
            .Int(kStep, step)
            .Bytes(kSessionLog, Message().Int(kStatus, kStart).bytes())
            .bytes());
}

void EventFile::AddScalars(uint64_t step, std::span<const std::pair<std::string, double>> values) {
  Message summary;
  for (const auto& [tag, value] : values) {
    summary.Bytes(
        kValue, Message().Bytes(kTag, tag).Float(kSimpleValue, static_cast<float>(value)).bytes());
  }
  AddSummary(step, summary.bytes());
}

void EventFile::AddMarkdown(uint64_t step, std::string_view tag, std::string_view text) {
  constexpr int kPluginData = 1, kPluginName = 1, kDim = 2, kSize = 1, kString = 7;
  const Message shape = Message().Bytes(kDim, Message().Int(kSize, 1).bytes());
  const Message tensor =
      Message().Int(kDtype, kString).Bytes(kShape, shape.bytes()).Bytes(kStringVal, text);
  const Message plugin = Message().Bytes(kPluginName, "text");
  const Message metadata = Message().Bytes(kPluginData, plugin.bytes());
  const Message value =
      Message().Bytes(kTag, tag).Bytes(kTensor, tensor.bytes()).Bytes(kMetadata, metadata.bytes());
  AddSummary(step, Message().Bytes(kValue, value.bytes()).bytes());
}

void EventFile::AddPicture(uint64_t step, std::string_view tag, std::span<const uint8_t> png,
                           int height, int width) {
  constexpr int kRgb = 3;
  const Message image =
      Message()
          .Int(kHeight, static_cast<uint64_t>(height))
          .Int(kWidth, static_cast<uint64_t>(width))
          .Int(kColorspace, kRgb)
          .Bytes(kEncoded, {reinterpret_cast<const char*>(png.data()), png.size()});
  const Message value = Message().Bytes(kTag, tag).Bytes(kImage, image.bytes());
  AddSummary(step, Message().Bytes(kValue, value.bytes()).bytes());
}

void EventFile::AddSummary(uint64_t step, const std::string& summary) {
  Write(Message().Double(kWallTime, WallTime()).Int(kStep, step).Bytes(kSummary, summary).bytes());
}

// A TFRecord: length, its checksum, the data, its checksum.
void EventFile::Write(const std::string& event) {
  std::string record;
  AppendLittleEndian(record, uint64_t{event.size()});
  AppendLittleEndian(record, MaskedCrc(record));
  record += event;
  AppendLittleEndian(record, MaskedCrc(event));
  WriteAll(file_, record, path_);
}

}  // namespace flowtrain
