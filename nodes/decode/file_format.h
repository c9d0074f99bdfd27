// What a file is, by its first bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "nodes/image/image_extension.h"

namespace flowtrain {

struct FileFormat {
  const char* name = nullptr;  // "WebP"; null: it is not known
  Reader reader = Reader::kNone;
  const char* instead = nullptr;  // of what is not an image at all: what it is, and what to do
};

FileFormat FormatOf(std::span<const uint8_t> file);

// Why a file of a format without a reader is refused.
std::string WhyNotRead(const FileFormat& format);

// "HEIC named .jpg: " where the name of an image promises another format, else "".
std::string NamedWrongly(const FileFormat& format, std::string_view file_name);

}  // namespace flowtrain
