#include "nodes/lend/consumer.h"

#include <string>

#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"

namespace flowtrain {

void Consumer::Declare(NodeSpec& spec) {
  spec.Doc("The program that takes the graph's batches, such as a training loop in Python.")
      .Option(&Consumer::most_, "batches", 4,
              "Batches that are ready for it or held by it at a time; each has its own buffer.",
              AtLeast{1})
      .Option(&Consumer::type_, "values", ValueType::kUint8,
              "uint8 (the bytes of the views), float32, float16 (normalised).",
              Choices<ValueType>{{{"uint8", ValueType::kUint8},
                                  {"float32", ValueType::kFloat32},
                                  {"float16", ValueType::kFloat16}}})
      .Option(&Consumer::layout_, "layout", Layout::kChannelsFirst,
              "Of normalised values: channels_first (planes), channels_last (as the bytes).",
              Choices<Layout>{{{"channels_first", Layout::kChannelsFirst},
                               {"channels_last", Layout::kChannelsLast}}})
      .Option(&Consumer::mean_, "mean", std::vector<double>{0.485, 0.456, 0.406},
              "What is taken from a normalised value's red, green and blue, of 0 to 1.",
              Between{0, 1})
      .Option(&Consumer::std_, "std", std::vector<double>{0.229, 0.224, 0.225},
              "What the difference is then divided by.", Between{1e-3, 1e3});
}

void Consumer::CheckThree(const OpenContext& context, const char* option,
                          const std::vector<double>& values) const {
  if (values.size() == 3) return;
  throw ConfigError(context.NameOf(option) + " has " + std::to_string(values.size()) +
                    " numbers; it takes three: of red, green and blue");
}

void Consumer::Open(const OpenContext& context) {
  if (!attached_) {
    throw ConfigError(
        "this graph has no model: '" + context.name() +
        "' hands its batches to a Python program (from flowtrain import Loader). To look at its "
        "views: flowtrain preview; to measure it: flowtrain bench loader");
  }
  CheckThree(context, "mean", mean_);
  CheckThree(context, "std", std_);
  batches_ = std::make_shared<LentBatches>(most_, format());
}

FLOWTRAIN_REGISTER(Consumer);

}  // namespace flowtrain
