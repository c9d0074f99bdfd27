// Loaders of a few small pictures, and what their batches are.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "pipeline/base/error.h"
#include "python/loader/loader_run.h"

namespace flowtrain::loader_testing {

constexpr double kLong = 60;  // seconds; a batch takes milliseconds

// A batch as it was, wherever its buffer is now.
struct Seen {
  std::vector<uint8_t> bytes;
  std::vector<uint64_t> ids;
  std::vector<int32_t> labels;

  friend bool operator==(const Seen&, const Seen&) = default;
};

inline std::vector<uint8_t> BytesOf(const LentBatch& batch) {
  return {batch.View(0), batch.View(0) + batch.layout.bytes()};
}
inline Seen Look(const LentBatch& batch) { return {BytesOf(batch), batch.ids, batch.labels}; }

constexpr uint64_t kRunImages = 61, kRows = 8;

using Parameters = std::map<std::string, std::string>;  // values as YAML

inline LoaderRequest Request(const Parameters& more = {}, const std::string& graph = "loader") {
  Parameters all{{"data.kind", "sample"},  {"sample.images", "61"},   {"data.image_size", "24"},
                 {"data.batch_size", "8"}, {"data.num_workers", "2"}, {"loader.seed", "7"}};
  for (const auto& [key, value] : more) all[key] = value;
  std::string text;
  for (const auto& [key, value] : all) text += key + ": " + value + '\n';
  return {"graphs/" + graph + ".yaml", FLOWTRAIN_SOURCE_DIR, text};
}

inline std::shared_ptr<LentBatch> Take(LoaderRun& loader) {
  std::shared_ptr<LentBatch> batch = loader.Take(kLong);
  if (batch == nullptr) throw std::runtime_error("no batch came");
  return batch;
}

inline std::vector<Seen> TakeSome(LoaderRun& loader, size_t count) {
  std::vector<Seen> seen;
  while (seen.size() < count) seen.push_back(Look(*Take(loader)));
  return seen;
}

inline std::string ErrorOf(const LoaderRequest& request) {
  try {
    const LoaderRun loader(request);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace flowtrain::loader_testing
