// CRC-32C (Castagnoli), the checksum of TFRecord files.
#pragma once

#include <cstdint>
#include <string_view>

namespace flowtrain {

uint32_t Crc32c(std::string_view bytes);

}  // namespace flowtrain
