// The safetensors format: tensors in a file that is not a program.
#pragma once

#include <map>
#include <string>

#include "nodes/train/weights/named_tensors.h"

namespace flowtrain {

// A file consists of the length of its header (uint64), the header (JSON: the type, shape and place
// of each tensor by name, and a map of texts) and the tensors' elements, row-major; all
// little-endian (https://huggingface.co/docs/safetensors).
struct Safetensors {
  NamedTensors tensors;
  std::map<std::string, std::string> metadata;
};

// Writes the tensors, from any device and in any memory format, over whatever is at `path`: whole
// or not at all. Tensors with wide elements come first, so that each is aligned. Throws DataError
// if the disk fails, std::logic_error for a type that the format does not have.
void WriteSafetensors(const std::string& path, const Safetensors& contents);

// Reads a file into host memory, tensors in the order of their names. Trusts nothing the file says:
// throws DataError if it is missing or cut short, or if its header does not describe the rest
// soundly (tensors overlap, leave gaps, or have more bytes than the file).
Safetensors ReadSafetensors(const std::string& path);

// Only the map of texts, with the same checks of the header. Throws DataError.
std::map<std::string, std::string> ReadSafetensorsMetadata(const std::string& path);

// "F32": the format's name for an element type. Throws std::logic_error for one it does not have.
const char* SafetensorsTypeName(c10::ScalarType type);

}  // namespace flowtrain
