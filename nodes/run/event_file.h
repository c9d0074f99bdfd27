// A file that TensorBoard reads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace flowtrain {

// FOLDER/events.out.tfevents.SECONDS.HOST.PID: records of TensorFlow's TFRecord format, each with a
// protobuf Event (tensorflow/core/util/event.proto). Each call is one write to the file, which is
// readable at any moment. Every call throws std::runtime_error where the disk is full or the write
// fails otherwise.
class EventFile {
 public:
  // Its name sorts after those of the event files that the folder has, the order in which TensorBoard
  // reads them.
  explicit EventFile(const std::string& folder);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  const std::string& path() const { return path_; }

  // What earlier files of the folder say about this step and later ones is void: the run goes on
  // from a checkpoint before it.
  void RestartAt(uint64_t step);
  // Values by tag. TensorBoard keeps them as floats.
  void AddScalars(uint64_t step, std::span<const std::pair<std::string, double>> values);
  void AddMarkdown(uint64_t step, std::string_view tag, std::string_view text);
  // `png` is a PNG file.
  void AddPicture(uint64_t step, std::string_view tag, std::span<const uint8_t> png, int height,
                  int width);

 private:
  void AddSummary(uint64_t step, const std::string& summary);
  void Write(const std::string& event);

  std::string path_;
  int file_ = -1;
};

}  // namespace flowtrain
