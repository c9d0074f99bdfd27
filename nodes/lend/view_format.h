// The values that a consumer takes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pipeline/node/packet.h"

namespace flowtrain {

enum class ValueType : uint8_t { kUint8, kFloat32, kFloat16 };

// uint8 views are [H, W, 3]. Values of another type are [3, H, W] where `channels_first`, [H, W, 3]
// otherwise, in the same order of views and rows. Where they are made of the bytes in the batch's
// rows, they lie after these in the same buffer.
struct ViewFormat {
  ValueType type = ValueType::kUint8;
  bool channels_first = true;
  bool after_bytes = false;

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
    return ValuesBegin(layout_bytes) + layout_bytes * value_bytes();
  }
  // Where the values of a row's view begin in the buffer.
  size_t ValuesAt(const BatchLayout& layout, int view, int row) const {
    const size_t offset = layout.Offset(view, row);  // in bytes, of which each becomes a value
    return ValuesBegin(layout.bytes()) + offset * value_bytes();
  }

 private:
  size_t ValuesBegin(size_t layout_bytes) const {
    constexpr size_t kCacheLine = 64;
    if (!after_bytes) return 0;
    return (layout_bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
  }
};

}  // namespace flowtrain
