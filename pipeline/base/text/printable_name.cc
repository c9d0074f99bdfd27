#include "pipeline/base/text/printable_name.h"

#include "pipeline/base/text/utf8.h"

namespace flowtrain {

std::string PrintableName(std::string_view name) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string text;
  while (!name.empty()) {
    const auto byte = static_cast<unsigned char>(name[0]);
    const size_t bytes = CharacterBytes(name);
    if (bytes == 0 || byte < 0x20 || byte == 0x7F) {
      text.append("\\x").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
      name.remove_prefix(1);
    } else {
      text += name.substr(0, bytes);
      name.remove_prefix(bytes);
    }
  }
  return text;
}

}  // namespace flowtrain
