// Names of files in what people and programs read: the log, metrics.jsonl, a list of embeddings.
#pragma once

#include <string>
#include <string_view>

namespace flowtrain {

// The name, with control characters and bytes that are not UTF-8 written as \xNN: a file's name can
// be any bytes, and must neither draw on the terminal nor break a JSON line.
std::string PrintableName(std::string_view name);

}  // namespace flowtrain
