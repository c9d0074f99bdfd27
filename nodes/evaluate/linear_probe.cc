#include "nodes/evaluate/linear_probe.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <sstream>
#include <utility>

#include "nodes/decode/encode_png.h"
#include "nodes/evaluate/caveats.h"
#include "nodes/evaluate/final_line.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/new_file.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"

namespace flowtrain {
namespace {

constexpr size_t kTableClasses = 24;  // the most classes that a table has columns for

}  // namespace

void LinearProbe::Declare(NodeSpec& spec) {
  using Self = LinearProbe;
  spec.Doc("Accuracy of a linear classifier on a frozen backbone's features.")
      .Input("features", Stream::kStep)
      .Output("judged", Stream::kStep)
      .OnLane()
      .Uses("dataset", "ImageDataset")
      .Uses("device", "Device")
      .Uses("run_dir", "RunDir")
      .MayUse("ranks", "RankGroup")
      .Options(&Self::linear_)
      .Option(&Self::learning_rates_, "learning_rates", std::vector<double>{0.01, 0.03, 0.1},
              "Learning rates to try: the best on a tenth of the bank is used.", AtLeast{1e-9})
      .Option(&Self::weight_decays_, "weight_decays", std::vector<double>{0, 1e-3, 1e-2},
              "Weight decays to try, each with each learning rate.", AtLeast{0});
}

void LinearProbe::Open(const OpenContext& context) {
  FeatureJudge::Open(context);
  learning_rates_name_ = context.NameOf("learning_rates");
  weight_decays_name_ = context.NameOf("weight_decays");
  if (learning_rates_.empty() || weight_decays_.empty()) {
    throw ConfigError(learning_rates_name_ + " and " + weight_decays_name_ +
                      " need a number each at least");
  }
}

void LinearProbe::Finish(const FeatureTable& table) {
  const Evaluation evaluation = dataset().evaluation();
  auto [bank, queries, left_out] = Split(table, evaluation);
  if (evaluation.leave_one_out) {
    HeldOut parts = HoldOutToJudge(bank);
    bank = std::move(parts.kept);
    queries = std::move(parts.held);
  }
  WarnOfCaveats(bank.labels, queries.labels, dataset().classes(), false);
  ProbeOptions options{.linear = linear_,
                       .learning_rates = learning_rates_,
                       .weight_decays = weight_decays_,
                       .learning_rates_name = learning_rates_name_,
                       .weight_decays_name = weight_decays_name_};
  options.linear.classes = static_cast<int64_t>(dataset().classes().size());
  Report(bank, queries, left_out, ProbeFeatures(bank, queries, options));
}

void LinearProbe::Report(const Features& bank, const Features& queries, int64_t left_out,
                         const ProbeResult& result) {
  const LinearOptions& options = result.options;
  const std::string path = run_dir().path() + "/confusion.png";
  std::ostringstream text;
  text << "linear probe top-1: " << ShowPercent(result.top1);
  if (options.classes > 5) text << ", top-5: " << ShowPercent(result.top5);
  text << " (" << ShowCount(static_cast<uint64_t>(bank.labels.size(0))) << " images to train on, "
       << ShowCount(static_cast<uint64_t>(queries.labels.size(0))) << " to judge; learning rate "
       << options.learning_rate << ", weight decay " << options.weight_decay << ", "
       << options.epochs << " epochs)";
  LogInfo(text.str());
  const Confusion confusion = Confuse(queries.labels, result.logits.argmax(1));
  if (confusion.classes.size() <= kTableClasses) {
    LogInfo("classes, and what they were taken for:\n" + ConfusionTable(confusion));
  }
  const Picture picture = ConfusionPicture(confusion);
  WriteNewFile(path, EncodePng(picture.pixels, picture.side, picture.side));
  WriteNewFile(run_dir().path() + "/confusion.json", ConfusionJson(confusion));
  LogInfo("the same as a picture: " + path + "; with the names of the classes: flowtrain report");
  run_dir().AppendMetrics(FinalLine({{"linear_top1", result.top1 * 100},
                                     {"linear_top5", result.top5 * 100},
                                     {"learning_rate", options.learning_rate},
                                     {"weight_decay", options.weight_decay}},
                                    {{"bank", bank.labels.size(0)},
                                     {"queries", queries.labels.size(0)},
                                     {"left_out", left_out}}));
}

Confusion LinearProbe::Confuse(const at::Tensor& labels, const at::Tensor& guesses) const {
  const auto classes = static_cast<int64_t>(dataset().classes().size());
  const at::Tensor counts =
      at::bincount((labels * classes + guesses).cpu(), {}, classes * classes).to(at::kLong);
  const auto* first = counts.const_data_ptr<int64_t>();
  return {dataset().classes(), {first, first + counts.numel()}};
}

FLOWTRAIN_REGISTER(LinearProbe);

}  // namespace flowtrain
