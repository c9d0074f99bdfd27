#include "nodes/evaluate/confusion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "pipeline/base/text/text_table.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

constexpr int kSide = 480;        // the least side of a picture, pixels
constexpr int kCellForLines = 8;  // cells with at least this side have lines between them
constexpr uint8_t kLine = 0xD0;   // grey
constexpr std::array<uint8_t, 3> kRight = {0x08, 0x45, 0x94}, kWrong = {0xB2, 0x18, 0x2B};

// White for 0, `full` for 1. The square root makes rare mistakes visible too.
std::array<uint8_t, 3> Shade(double share, const std::array<uint8_t, 3>& full) {
  std::array<uint8_t, 3> colour{};
  for (size_t c = 0; c < colour.size(); ++c) {
    colour[c] = static_cast<uint8_t>(std::lround(255 - std::sqrt(share) * (255 - full[c])));
  }
  return colour;
}

}  // namespace

int64_t Confusion::Images(size_t truth) const {
  int64_t images = 0;
  for (size_t guess = 0; guess < classes.size(); ++guess) images += Count(truth, guess);
  return images;
}

std::string ConfusionTable(const Confusion& confusion) {
  TextTable table;
  std::vector<std::string> head = {"", "class", "right"};
  for (size_t i = 0; i < confusion.classes.size(); ++i) head.push_back(std::to_string(i));
  table.Add(std::move(head));
  for (size_t truth = 0; truth < confusion.classes.size(); ++truth) {
    const int64_t images = confusion.Images(truth);
    std::vector<std::string> row = {std::to_string(truth), confusion.classes[truth], "-"};
    if (images > 0) {
      row.back() = ShowPercent(static_cast<double>(confusion.Count(truth, truth)) /
                               static_cast<double>(images));
    }
    for (size_t guess = 0; guess < confusion.classes.size(); ++guess) {
      row.push_back(std::to_string(confusion.Count(truth, guess)));
    }
    table.Add(std::move(row));
  }
  return table.ToString("  ");
}

std::string ConfusionJson(const Confusion& confusion) {
  nlohmann::ordered_json json = {{"format", "flowtrain confusion"}, {"version", 1}};
  json["classes"] = confusion.classes;
  json["counts"] = nlohmann::ordered_json::array();
  for (size_t truth = 0; truth < confusion.classes.size(); ++truth) {
    const auto first =
        confusion.counts.begin() + static_cast<std::ptrdiff_t>(truth * confusion.classes.size());
    json["counts"].push_back(
        std::vector<int64_t>(first, first + static_cast<std::ptrdiff_t>(confusion.classes.size())));
  }
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Picture ConfusionPicture(const Confusion& confusion) {
  const auto classes = static_cast<int>(confusion.classes.size());
  const int cell = std::max(1, (kSide + classes - 1) / classes);
  Picture picture;
  picture.side = cell * classes;
  picture.pixels.resize(static_cast<size_t>(picture.side) * static_cast<size_t>(picture.side) * 3);
  uint8_t* to = picture.pixels.data();
  for (int y = 0; y < picture.side; ++y) {
    const auto truth = static_cast<size_t>(y / cell);
    const auto images = static_cast<double>(std::max<int64_t>(1, confusion.Images(truth)));
    for (int x = 0; x < picture.side; ++x, to += 3) {
      const auto guess = static_cast<size_t>(x / cell);
      const double share = static_cast<double>(confusion.Count(truth, guess)) / images;
      auto colour = Shade(share, truth == guess ? kRight : kWrong);
      const bool on_line = cell >= kCellForLines && (x % cell == 0 || y % cell == 0);
      if (on_line) colour.fill(kLine);
      std::copy(colour.begin(), colour.end(), to);
    }
  }
  return picture;
}

}  // namespace flowtrain
