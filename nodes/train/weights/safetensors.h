// The safetensors format: tensors in a file that is no program.
#pragma once

#include <map>
#include <string>

#include "nodes/train/weights/named_tensors.h"

namespace flowtrain {

// A file is the length of its header (uint64), the header (JSON: by name the type, shape and place
// of each tensor, and a map of texts) and the tensors' elements, row-major; all little-endian
// (https://huggingface.co/docs/safetensors).
struct Safetensors {
  NamedTensors tensors;
  std::map<std::string, std::string> metadata;
};

// Writes the tensors, from any device and in any memory format, over whatever is at `path`: whole
// or not at all. Tensors of wide elements come first, so that each is aligned. Throws DataError
// where the disk fails, std::logic_error for a type the format does not have.
void WriteSafetensors(const std::string& path, const Safetensors& contents);

// Reads a file to the host's memory, tensors in the order of their names. Believes nothing it
// says: throws DataError for one that is missing, cut short, or whose header is no sound
// description of the rest (tensors overlap, leave gaps, or have more bytes than the file).
Safetensors ReadSafetensors(const std::string& path);

// The map of texts alone, with the same checks of the header. Throws DataError.
std::map<std::string, std::string> ReadSafetensorsMetadata(const std::string& path);

// "F32": what the format calls an element type. Throws std::logic_error for one it does not have.
const char* SafetensorsTypeName(c10::ScalarType type);

}  // namespace flowtrain
