#include "tools/preview/preview.h"

#include <algorithm>
#include <memory>

#include "nodes/data/dataset.h"
#include "nodes/decode/decode.h"
#include "nodes/decode/decode_scratch.h"
#include "nodes/image/image_sample.h"
#include "nodes/image/view_side.h"
#include "nodes/source/ordered_source.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/run_control.h"
#include "tools/load/load.h"
#include "tools/measure/bare_nodes.h"
#include "tools/measure/partial_graph.h"
#include "tools/preview/sheet_layout.h"

namespace flowtrain {
namespace {

// Passes samples through the nodes of a loader, and keeps what comes out.
class ViewTaker {
 public:
  ViewTaker(const GraphDef& def, const Registry& registry)
      : nodes_(ViewsGraph(def, registry), registry, run_),
        dataset_(FindComponent<ImageDataset>(nodes_.graph())),
        buffer_(nodes_.Allocate(batch_)),
        row_(batch_.layout.rows) {
    if (dataset_ == nullptr) {
      throw ConfigError(def.file + ": preview needs a graph with a data set of images");
    }
  }

  std::string Dataset() const { return dataset_->Description(); }
  // Throws ConfigError for views that are no square RGB pictures.
  std::vector<int> Sides() const {
    std::vector<int> sides = ViewSides(batch_.layout);
    if (std::count(sides.begin(), sides.end(), 0) == 0) return sides;
    throw ConfigError(nodes_.graph().def().file + ": preview needs views that are square pictures");
  }

  // The next image that a run would train on. False: an epoch has no more.
  bool Next(int draws, PreviewImage& out) {
    if (row_ == batch_.layout.rows) {
      row_ = 0;
      if (!nodes_.BeginBatch(batch_)) return false;
      if (batch_.epoch > 0) return false;
    }
    nodes_.Admit(sample_, batch_, row_);
    if (sample_.id == kNoImage) return false;  // the rest of the last batch
    out.id = sample_.id;
    out.name = PrintableName(dataset_->ImageName(sample_.id));
    out.draws.push_back(Views());
    TakeWhole(out);
    for (int draw = 1; draw < draws; ++draw) {
      ++sample_.epoch;
      PassAgain(out.name);
      out.draws.push_back(Views());
    }
    ImageOf(sample_).Release();
    ++row_;
    return true;
  }

 private:
  std::vector<std::vector<uint8_t>> Views() const {
    std::vector<std::vector<uint8_t>> views;
    for (int view = 0; view < batch_.layout.views; ++view) {
      const uint8_t* first = batch_.Row(view, row_);
      views.emplace_back(first, first + batch_.layout.ViewBytes(view));
    }
    return views;
  }

  void PassAgain(const std::string& name) {
    Worker worker;
    ImageOf(sample_).Release();
    for (SampleNode* node : nodes_.nodes()) {
      const Outcome outcome = node->Process(sample_, worker);
      if (!outcome.ok) throw DataError(name + ": " + outcome.why);
    }
  }

  // The nodes may have decoded no more than the views need.
  void TakeWhole(PreviewImage& out) {
    std::vector<uint8_t> bytes;
    RgbImage image;
    std::string why;
    if (!DecodeToRgb(dataset_->Fetch(sample_.id, bytes), scratch_, nullptr, image, &why)) {
      throw DataError(out.name + ": " + why);
    }
    out.height = image.height;
    out.width = image.width;
    out.pixels.assign(image.pixels.begin(),
                      image.pixels.begin() + static_cast<std::ptrdiff_t>(
                                                 kChannels * static_cast<size_t>(image.height) *
                                                 static_cast<size_t>(image.width)));
  }

  RunControl run_;
  BareNodes nodes_;
  const ImageDataset* dataset_;
  Batch batch_;
  std::shared_ptr<uint8_t> buffer_;  // of batch_
  Sample sample_;
  int row_;  // the next one in batch_
  DecodeScratch scratch_;
};

// A picture that a viewer still opens.
void CheckSheet(const std::vector<int>& sides, int images, int draws) {
  constexpr int64_t kMostPixels = 500'000'000;
  const SheetLayout sheet = LayOutSheet(sides, images, draws);
  if (sheet.height * sheet.width <= kMostPixels) return;
  throw ConfigError("the picture would have " + std::to_string(sheet.width) + 'x' +
                    std::to_string(sheet.height) + " pixels: lower --images or --draws");
}

}  // namespace

Preview MakePreview(const GraphDef& def, const Registry& registry, int images, int draws) {
  ViewTaker taker(def, registry);
  Preview preview;
  preview.view_sides = taker.Sides();
  CheckSheet(preview.view_sides, images, draws);
  preview.dataset = taker.Dataset();
  for (int i = 0; i < images; ++i) {
    PreviewImage image;
    if (!taker.Next(draws, image)) break;
    preview.images.push_back(std::move(image));
  }
  return preview;
}

}  // namespace flowtrain
