// Checksums of a file of tensors, kept in its own metadata.
#pragma once

#include <string>

#include "nodes/train/weights/safetensors.h"

namespace flowtrain {

// Adds two entries to the metadata:
//   tensors  one line per tensor, in the order of their names: XXH64 of its elements as 16
//            hexadecimal digits, its type, its shape, its name;
//            "0123456789abcdef F32 [64,3,7,7] conv1.weight"
//   xxh64    XXH64 of all other metadata, written as JSON without spaces, keys in order
// so that no part of the file can change unnoticed. Tensors must be on the host and row-major.
void Seal(Safetensors& contents);

// Throws std::runtime_error that says which part differs from what was sealed, or that nothing was.
void CheckSeal(const Safetensors& contents);
// The same for the metadata alone.
void CheckSeal(const std::map<std::string, std::string>& metadata);

// XXH64 of the lines of all tensors, as 16 hexadecimal digits: equal for equal tensors, whatever
// the rest of the metadata. `metadata` must be sealed.
std::string DigestOf(const std::map<std::string, std::string>& metadata);

}  // namespace flowtrain
