#include "nodes/evaluate/knn_accuracy.h"

#include <array>
#include <cstdio>
#include <string>

#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void KnnAccuracy::Declare(NodeSpec& spec) {
  spec.Doc("kNN accuracy of a frozen backbone's features of the labelled images.")
      .Input("features", Stream::kStep)
      .Output("judged", Stream::kStep)
      .OnLane()
      .Uses("dataset", "ImageDataset")
      .Uses("device", "Device")
      .Uses("run_dir", "RunDir")
      .Options(&KnnAccuracy::knn_);
}

void KnnAccuracy::Open(const OpenContext& context) {
  FeatureSink::Open(context);
  dataset_ = &context.Get<ImageDataset>("dataset");
  device_ = &context.Get<Device>("device");
  run_dir_ = &context.Get<RunDir>("run_dir");
}

void KnnAccuracy::Finish(const FeatureTable& table) {
  const Evaluation evaluation = dataset_->evaluation();
  auto [bank, queries] = SplitByList(table, evaluation);
  for (Features* part : {&bank, &queries}) {
    part->features = part->features.to(device_->device());
    part->labels = part->labels.to(device_->device());
  }
  KnnOptions options = knn_;
  options.classes = static_cast<int64_t>(dataset_->classes().size());
  options.leave_one_out = evaluation.leave_one_out;
  const double top1 = KnnTop1(bank, queries, options);
  LogInfo("kNN top-1: " + ShowPercent(top1) + DescribeKnn(bank, queries, options));
  std::array<char, 64> line{};
  std::snprintf(line.data(), line.size(), R"({"final": true, "knn_top1": %.4f})", top1 * 100);
  run_dir_->AppendMetrics(line.data());
}

FLOWTRAIN_REGISTER(KnnAccuracy);

}  // namespace flowtrain
