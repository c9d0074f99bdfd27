// `flowtrain preview`: what the augmentation makes of the images, before anything is trained.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodes/decode/encode_png.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/new_file.h"
#include "pipeline/base/files/output_path.h"
#include "pipeline/base/text/units.h"
#include "pipeline/node/registry.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/load/load.h"
#include "tools/measure/view_sizes.h"
#include "tools/preview/preview.h"
#include "tools/preview/sheet_layout.h"

namespace flowtrain {
namespace {

struct PreviewRequest {
  GraphRequest graph;
  std::string out = "views.png";
  int images = 8, draws = 1;
  std::optional<int64_t> seed;
};

void Tell(const Preview& preview, const PreviewRequest& request, const SheetPicture& sheet,
          std::ostream& out) {
  const std::vector<int>& sides = preview.view_sides;
  const SheetLayout layout = LayOutSheet(sides, request.images, request.draws);
  out << request.out << ": " << ShowCount(preview.images.size(), "image") << " of "
      << preview.dataset << ", " << sheet.width << 'x' << sheet.height << " pixels\n"
      << "  each row: the image, then its " << ShowCount(sides.size(), "view")
      << (CommonSide(sides) ? " of " : ", ") << ShowViewSizes(sides) << " pixels";
  if (layout.scale > 1) out << ", enlarged " << layout.scale << " times";
  if (layout.draw.lines > 1) out << ", on " << layout.draw.lines << " lines";
  out << '\n';
  if (request.draws > 1) {
    out << "  " << request.draws << " draws side by side: the views of the first " << request.draws
        << " epochs\n";
  }
  for (size_t i = 0; i < preview.images.size(); ++i) {
    const PreviewImage& image = preview.images[i];
    out << "  row " << i + 1 << ": " << image.name << ", " << image.width << 'x' << image.height
        << '\n';
  }
}

// Whether the graph does not train, and has its seed elsewhere. Reads it without the request's own
// settings, whose faults are told when it is loaded.
bool IsOfLoader(const std::string& graph) {
  GraphRequest alone;
  alone.graph = graph;
  try {
    return Load(alone).config.Find("loader.seed") != nullptr;
  } catch (const ConfigError&) {
    return false;
  }
}

void SetSeed(GraphRequest& graph, int64_t seed) {
  const char* const key = IsOfLoader(graph.graph) ? "loader.seed=" : "train.seed=";
  graph.sets.push_back(key + std::to_string(seed));
}

// Throws ConfigError, DataError.
ExitCode ShowViews(PreviewRequest request, std::ostream& out) {
  if (std::filesystem::path(request.out).extension() != ".png") {
    throw ConfigError("--out " + request.out + ": the picture is a PNG; name a file .png");
  }
  TryOutput(request.out);
  if (request.seed) SetSeed(request.graph, *request.seed);
  const LoadedGraph loaded = LoadForRun(request.graph);
  const Preview preview =
      MakePreview(loaded.def, Registry::Global(), request.images, request.draws);
  if (preview.images.empty()) throw DataError("the data set has no images");
  const SheetPicture sheet = ContactSheet(preview);
  WriteNewFile(request.out, EncodePng(sheet.rgb, sheet.height, sheet.width));
  Tell(preview, request, sheet, out);
  return ExitCode::kDone;
}

}  // namespace

Command AddPreview(CLI::App& app) {
  const auto request = std::make_shared<PreviewRequest>();
  CLI::App* preview =
      app.add_subcommand("preview", "Draw images and their views, as a training would see them");
  AddGraphOptions(*preview, request->graph);
  TakesPath(preview->add_option("--out", request->out, "File to write (.png)"))
      ->type_name("FILE")
      ->capture_default_str();
  preview->add_option("--images", request->images, "Images, the first that a run would train on")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  preview->add_option("--draws", request->draws, "Epochs whose views are shown side by side")
      ->check(CLI::Range(1, 16))
      ->capture_default_str();
  preview->add_option("--seed", request->seed,
                      "The same as --set train.seed=N, or loader.seed=N where the graph has that");
  return {preview, [request](StopSignals&) { return ShowViews(*request, std::cout); }};
}

}  // namespace flowtrain
