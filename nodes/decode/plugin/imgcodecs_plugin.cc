#include "nodes/decode/plugin/imgcodecs_plugin.h"

#include <cstdio>
#include <exception>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace {

// Grey, alpha (dropped, as PIL's convert("RGB") does) and 16 bits become 8-bit RGB.
cv::Mat ToRgb(const cv::Mat& decoded) {
  cv::Mat bytes = decoded;
  if (decoded.depth() == CV_16U) decoded.convertTo(bytes, CV_8U, 1.0 / 257);
  if (bytes.depth() != CV_8U) return {};
  cv::Mat rgb;
  if (bytes.channels() == 1) cv::cvtColor(bytes, rgb, cv::COLOR_GRAY2RGB);
  if (bytes.channels() == 3) cv::cvtColor(bytes, rgb, cv::COLOR_BGR2RGB);
  if (bytes.channels() == 4) cv::cvtColor(bytes, rgb, cv::COLOR_BGRA2RGB);
  return rgb;
}

int Fail(char* why, size_t why_size, const char* text) {
  std::snprintf(why, why_size, "%s", text);
  return 1;
}

}  // namespace

extern "C" int flowtrain_imgcodecs_decode(const uint8_t* bytes, size_t size, int64_t most_pixels,
                                          FlowtrainAllocatePixels* allocate, void* target,
                                          char* why, size_t why_size) {
  try {
    cv::setNumThreads(1);  // the program's own workers are the threads
    if (size == 0 || size > static_cast<size_t>(std::numeric_limits<int>::max())) {
      return Fail(why, why_size, "no image");
    }
    const cv::Mat encoded(1, static_cast<int>(size), CV_8U, const_cast<uint8_t*>(bytes));
    const cv::Mat decoded = cv::imdecode(encoded, cv::IMREAD_UNCHANGED);
    if (decoded.empty())
      return Fail(why, why_size, "no image that JPEG or OpenCV can read, or a damaged one");
    if (static_cast<int64_t>(decoded.total()) > most_pixels)
      return Fail(why, why_size, "too many pixels");
    const cv::Mat rgb = ToRgb(decoded);
    if (rgb.empty()) return Fail(why, why_size, "pixels that are neither 8 nor 16 bits");
    cv::Mat packed(rgb.rows, rgb.cols, CV_8UC3, allocate(target, rgb.rows, rgb.cols));
    rgb.copyTo(packed);
    return 0;
  } catch (const std::exception& error) {
    return Fail(why, why_size, error.what());
  } catch (...) {
    return Fail(why, why_size, "unknown error of OpenCV");
  }
}
