// OpenCV's image codecs behind one C function. A shared object of its own because of what they
// bring in: 138 libraries and 0.3 s of start-up.
#include "nodes/decode/plugin/imgcodecs_plugin.h"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace {

// OpenCV is made quiet and single-threaded once: the caller has threads of its own, and reports
// errors itself.
void SetUpOpenCv() {
  [[maybe_unused]] static const bool done = [] {
    cv::setNumThreads(1);
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError([](int, const char*, const char*, const char*, int, void*) { return 0; });
    return true;
  }();
}

cv::Mat ToEightBits(const cv::Mat& image) {
  if (image.depth() == CV_8U) return image;
  if (image.depth() != CV_16U) {
    throw std::runtime_error("its pixels are neither 8-bit nor 16-bit integers");
  }
  cv::Mat eight(image.rows, image.cols, CV_MAKETYPE(CV_8U, image.channels()));
  const int values = image.cols * image.channels();
  for (int y = 0; y < image.rows; ++y) {
    const uint16_t* from = image.ptr<uint16_t>(y);
    std::transform(from, from + values, eight.ptr<uint8_t>(y),
                   [](uint16_t value) { return static_cast<uint8_t>(value >> 8); });
  }
  return eight;
}

int ToRgbCode(int channels) {
  switch (channels) {
    case 1:
      return cv::COLOR_GRAY2RGB;
    case 3:
      return cv::COLOR_BGR2RGB;
    case 4:
      return cv::COLOR_BGRA2RGB;  // drops alpha
    default:
      throw std::runtime_error("it has " + std::to_string(channels) + " channels");
  }
}

void Decode(const uint8_t* bytes, size_t size, flowtrain_allocate allocate, void* user) {
  const cv::Mat encoded(1, static_cast<int>(size), CV_8UC1, const_cast<uint8_t*>(bytes));
  const cv::Mat decoded = cv::imdecode(encoded, cv::IMREAD_UNCHANGED);
  if (decoded.empty()) {
    throw std::runtime_error("it is damaged, cut off, or of a format that OpenCV does not read");
  }
  const cv::Mat eight = ToEightBits(decoded);
  uint8_t* place = allocate(user, eight.rows, eight.cols);
  if (place == nullptr) {
    throw std::runtime_error("it is too large: " + std::to_string(eight.cols) + 'x' +
                             std::to_string(eight.rows) + " pixels");
  }
  cv::Mat rgb(eight.rows, eight.cols, CV_8UC3, place);
  cv::cvtColor(eight, rgb, ToRgbCode(eight.channels()));
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int flowtrain_decode_1(
    const uint8_t* bytes, size_t size, flowtrain_allocate allocate, void* user, char* why,
    size_t why_bytes) {
  try {
    SetUpOpenCv();
    Decode(bytes, size, allocate, user);
    return 1;
  } catch (const cv::Exception& error) {
    std::snprintf(why, why_bytes, "OpenCV: %s", error.err.c_str());
  } catch (const std::exception& error) {
    std::snprintf(why, why_bytes, "%s", error.what());
  } catch (...) {
    std::snprintf(why, why_bytes, "OpenCV threw something that is no exception");
  }
  return 0;
}
