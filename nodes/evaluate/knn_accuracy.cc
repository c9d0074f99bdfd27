#include "nodes/evaluate/knn_accuracy.h"

#include "nodes/evaluate/final_line.h"
#include "nodes/evaluate/knn.h"
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
      .Option(&KnnAccuracy::neighbours_, "neighbours", 200, "That vote, at most the bank's size.",
              AtLeast{1})
      .Option(&KnnAccuracy::temperature_, "temperature", 0.1,
              "Of the votes' weights exp(cosine / T).", AtLeast{1e-3});
}

void KnnAccuracy::Finish(const FeatureTable& table) {
  const Evaluation evaluation = dataset().evaluation();
  const auto [bank, queries] = Split(table, evaluation);
  const KnnOptions options{neighbours_, temperature_,
                           static_cast<int64_t>(dataset().classes().size()),
                           evaluation.leave_one_out};
  const double top1 = KnnTop1(bank, queries, options);
  LogInfo("kNN top-1: " + ShowPercent(top1) + DescribeKnn(bank, queries, options));
  run_dir().AppendMetrics(FinalLine({{"knn_top1", top1 * 100}}));
}

FLOWTRAIN_REGISTER(KnnAccuracy);

}  // namespace flowtrain
