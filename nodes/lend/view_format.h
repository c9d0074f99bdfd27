// The values that a consumer takes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pipeline/node/packet.h"

namespace flowtrain {

enum class ValueType : uint8_t { kUint8, kFloat32, kFloat16 };

// uint8 views are [H, W, 3]. Values of another type are [3, H, W] where `channels_first`, [H, W, 3]
// otherwise, and lie after the batch's rows in the same buffer, in the same order of views and rows:
// nodes may write bytes to the rows that the values are made of, or that nobody takes.
struct ViewFormat {
  ValueType type = ValueType::kUint8;
  bool channels_first = true;

  size_t value_bytes() const {
    switch (type) {
      case ValueType::kFloat32:
        return 4;
      case ValueType::kFloat16:
        return 2;
      default:
        return 1;
    }
  }
  size_t BufferBytes(size_t layout_bytes) const {
    if (type == ValueType::kUint8) return layout_bytes;
    return ValuesBegin(layout_bytes) + layout_bytes * value_bytes();
  }
  // Where the values of a row's view begin in the buffer.
  size_t ValuesAt(const BatchLayout& layout, int view, int row) const {
    const size_t offset = layout.Offset(view, row);  // in bytes, of which each becomes a value
    if (type == ValueType::kUint8) return offset;
    return ValuesBegin(layout.bytes()) + offset * value_bytes();
  }

 private:
  static size_t ValuesBegin(size_t layout_bytes) {
    constexpr size_t kCacheLine = 64;
    return (layout_bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
  }
};

}  // namespace flowtrain
