// UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace flowtrain {

// Bytes of the first character of the text, which is not empty; 0 where it is not UTF-8.
size_t CharacterBytes(std::string_view text);
bool IsUtf8(std::string_view text);

}  // namespace flowtrain
