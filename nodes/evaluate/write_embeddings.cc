#include "nodes/evaluate/write_embeddings.h"

#include <string>

#include "nodes/evaluate/npy_file.h"
#include "pipeline/base/files/new_file.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/csv.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

std::string LabelFields(int64_t label, const std::vector<std::string>& classes) {
  if (label < 0) return ",";
  const auto index = static_cast<size_t>(label);
  return std::to_string(label) + ',' + (index < classes.size() ? CsvField(classes[index]) : "");
}

}  // namespace

void WriteEmbeddings::Declare(NodeSpec& spec) {
  spec.Doc("Writes a frozen backbone's features of all images to embeddings.npy and .csv.")
      .Input("features", Stream::kStep)
      .Output("written", Stream::kStep)
      .OnLane()
      .Uses("dataset", "ImageDataset")
      .Uses("run_dir", "RunDir")
      .MayUse("ranks", "RankGroup");
}

void WriteEmbeddings::Open(const OpenContext& context) {
  FeatureSink::Open(context);
  dataset_ = &context.Get<ImageDataset>("dataset");
  run_dir_ = &context.Get<RunDir>("run_dir");
}

void WriteEmbeddings::Finish(const FeatureTable& table) {
  const std::string base = run_dir_->path() + "/embeddings";
  WriteNpy(base + ".npy", table.features);
  NewFile list(base + ".csv");
  list.Append("name,label,class\n");
  const auto* ids = table.ids.const_data_ptr<int64_t>();
  const auto* labels = table.labels.const_data_ptr<int64_t>();
  for (int64_t row = 0; row < table.ids.numel(); ++row) {
    list.Append(CsvField(dataset_->ImageName(static_cast<uint64_t>(ids[row]))) + ',' +
                LabelFields(labels[row], dataset_->classes()) + '\n');
  }
  list.Commit({});
  LogInfo("embeddings of " + ShowCount(static_cast<uint64_t>(table.ids.numel())) + " images, " +
          std::to_string(table.features.size(1)) + " numbers each: " + base +
          ".npy; their names: " + base + ".csv");
}

FLOWTRAIN_REGISTER(WriteEmbeddings);

}  // namespace flowtrain
