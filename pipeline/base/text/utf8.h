// UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace flowtrain {

// Bytes of the character that begins the text, which is not empty; 0 where that is no UTF-8.
size_t CharacterBytes(std::string_view text);

}  // namespace flowtrain
