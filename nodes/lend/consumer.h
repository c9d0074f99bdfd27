// The program outside the graph that takes its batches.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "nodes/lend/lent_batches.h"
#include "nodes/lend/loader_place.h"
#include "nodes/lend/view_format.h"
#include "pipeline/node/node.h"

namespace flowtrain {

// What the graph knows of the program that takes its batches: from where it wants them, as which
// values, and how many it may hold. A graph with a Consumer runs only inside such a program, for
// example the Python module `flowtrain` (docs/python.md).
//
// Memory  `batches` buffers beside those of the graph's pool.
// Threads every method may be called from any thread.
// Errors  Open: ConfigError where nobody takes the batches, and for a mean or a std that is not three
//         numbers.
//
// Example:
//   consumer: {type: Consumer, options: {batches: 4}}
class Consumer : public Resource {
 public:
  static void Declare(NodeSpec& spec);
  void Open(const OpenContext& context) override;

  // Somebody takes the batches. Call it before Open.
  void Attach() { attached_ = true; }

  int most() const { return most_; }  // batches that may be ready or held
  // A node of the graph makes the values.
  void PromiseValues() { promised_ = true; }
  bool promised() const { return promised_; }
  ViewFormat format() const { return {type_, layout_ == Layout::kChannelsFirst}; }
  std::array<double, 3> mean() const { return {mean_[0], mean_[1], mean_[2]}; }  // R, G, B
  std::array<double, 3> deviation() const { return {std_[0], std_[1], std_[2]}; }
  LoaderPlace& place() { return place_; }
  // After Open. Outlives the graph for as long as a batch is lent.
  const std::shared_ptr<LentBatches>& batches() const { return batches_; }

 private:
  enum class Layout : uint8_t { kChannelsFirst, kChannelsLast };
  void CheckThree(const OpenContext& context, const char* option,
                  const std::vector<double>& values) const;

  int most_ = 0;  // options
  ValueType type_ = ValueType::kUint8;
  Layout layout_ = Layout::kChannelsFirst;
  std::vector<double> mean_, std_;

  bool attached_ = false, promised_ = false;
  LoaderPlace place_;
  std::shared_ptr<LentBatches> batches_;
};

}  // namespace flowtrain
