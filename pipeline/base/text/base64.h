// Bytes as text.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace flowtrain {

// RFC 4648, section 4, with padding.
std::string Base64(std::span<const uint8_t> bytes);

}  // namespace flowtrain
