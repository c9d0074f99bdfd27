#include "nodes/evaluate/knn_accuracy.h"

#include "nodes/evaluate/embedding_file.h"
#include "nodes/evaluate/final_line.h"
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
      .MayUse("ranks", "RankGroup")
      .Options(&KnnAccuracy::knn_)
      .Option(&KnnAccuracy::pictures_, "pictures", true, kPicturesHelp);
}

void KnnAccuracy::Open(const OpenContext& context) {
  FeatureJudge::Open(context);
  neighbours_name_ = context.NameOf("neighbours");
}

void KnnAccuracy::Finish(const FeatureTable& table) {
  const Evaluation evaluation = dataset().evaluation();
  const auto [bank, queries, left_out] = Split(table, evaluation);
  KnnOptions options = knn_;
  options.classes = static_cast<int64_t>(dataset().classes().size());
  options.leave_one_out = evaluation.leave_one_out;
  WarnOfKnnCaveats(bank, queries, options, dataset().classes(), neighbours_name_);
  const double top1 = KnnTop1(bank, queries, options);
  LogInfo("kNN top-1: " + ShowPercent(top1) + DescribeKnn(bank, queries, options));
  if (pictures_) {
    WriteEmbeddingFile(run_dir().path(), evaluation, bank, queries, dataset().classes(), {});
  }
  run_dir().AppendMetrics(
      FinalLine({{"knn_top1", top1 * 100}}, {{"neighbours", KnnVotes(bank, options)},
                                             {"bank", bank.labels.size(0)},
                                             {"queries", queries.labels.size(0)},
                                             {"left_out", left_out}}));
}

FLOWTRAIN_REGISTER(KnnAccuracy);

}  // namespace flowtrain
