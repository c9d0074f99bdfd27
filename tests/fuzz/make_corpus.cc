// Writes the seeds of the fuzz targets: fuzz_corpus FOLDER, which is tests/fuzz/corpus.
#include <string>
#include <utility>
#include <vector>

#ifdef FLOWTRAIN_HAS_OPENCV
#include <opencv2/imgcodecs.hpp>
#endif

#include "nodes/data/sample_set.h"
#include "nodes/pack/pack_images.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/image_files.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

std::string corpus;

void Write(const std::string& target, const std::string& name, const Bytes& bytes) {
  fs::create_directories(fs::path(corpus) / target);
  WriteBytes(fs::path(corpus) / target / name, bytes);
}
void Write(const std::string& target, const std::string& name, const std::string& text) {
  Write(target, name, Bytes(text.begin(), text.end()));
}

void WriteJpegs() {
  for (const int channels : {1, 3, 4}) {
    for (const bool progressive : {false, true}) {
      for (const bool full_chroma : {false, true}) {
        JpegOptions options;
        options.progressive = progressive;
        options.full_chroma = full_chroma;
        options.ycck = full_chroma && channels == 4;
        options.quality = 60;
        options.restart_rows = full_chroma && !progressive ? 1 : 0;
        options.orientation = full_chroma ? 6 : 0;
        const std::string name = std::to_string(channels) + (progressive ? "-progressive" : "") +
                                 (full_chroma ? "-turned" : "") + ".jpg";
        Write("jpeg", name, WriteJpeg(SmoothImage(40, 56, channels), options));
      }
    }
  }
  JpegOptions options;
  options.sampling_x = 4;
  options.sampling_y = 1;
  Write("jpeg", "3-411.jpg", WriteJpeg(SmoothImage(33, 65, 3), options));
  options.sampling_x = 1;
  options.sampling_y = 2;
  Write("jpeg", "3-440.jpg", WriteJpeg(SmoothImage(33, 17, 3), options));
  options.scan_a_coefficient = true;
  Write("jpeg", "3-scans.jpg", WriteJpeg(SmoothImage(16, 16, 3), options));
}

void WritePngs() {
  struct Kind {
    int bits, colour_type, bytes_a_pixel;
  };
  for (const Kind& kind : {Kind{8, 0, 1},
                           {16, 0, 2},
                           {8, 2, 3},
                           {16, 2, 6},
                           {8, 3, 1},
                           {8, 4, 2},
                           {8, 6, 4},
                           {16, 6, 8}}) {
    Bytes values(static_cast<size_t>(9 * 11 * kind.bytes_a_pixel));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<uint8_t>(i % 4);
    const Bytes palette = kind.colour_type == 3 ? Bytes(12, 90) : Bytes{};
    const std::string name = std::to_string(kind.colour_type) + '-' + std::to_string(kind.bits);
    Write("png", name + ".png", WritePng(9, 11, kind.bits, kind.colour_type, values, palette));
  }
}

void WriteOthers() {
  for (const int channels : {1, 3}) {
    Write("imgcodecs", std::to_string(channels) + ".pnm", WritePnm(SmoothImage(9, 14, channels)));
  }
#ifdef FLOWTRAIN_HAS_OPENCV
  for (const int channels : {1, 3}) {
    Raw raw = SmoothImage(36, 40, channels);
    const cv::Mat image(raw.height, raw.width, CV_8UC(channels), raw.values.data());
    for (const char* extension : {".bmp", ".webp", ".tiff", ".ras", ".pam", ".jp2"}) {
      Bytes file;
      cv::imencode(extension, image, file);
      Write("imgcodecs", std::to_string(channels) + extension, file);
    }
    Bytes lossless;
    cv::imencode(".webp", image, lossless, {cv::IMWRITE_WEBP_QUALITY, 101});
    Write("imgcodecs", std::to_string(channels) + "-lossless.webp", lossless);
  }
#endif
}

void WriteExif() {
  for (const int orientation : {1, 3, 6, 8}) {
    for (const bool big_endian : {false, true}) {
      Bytes segment = ExifSegment(orientation, big_endian);
      const std::string name = std::to_string(orientation) + (big_endian ? "-big" : "-little");
      Write("exif", name, segment);
      Write("exif", name + "-alone", Bytes(segment.begin() + 6, segment.end()));
    }
  }
}

// Small ones; those that ship are replayed beside them.
void WriteTexts() {
  const std::string graph = R"(graph: g
pools: {samples: 12, batches: ${data.batches}}
workers: 4
resources:
  dataset: {type: ImageDataset, options: {kind: sample, splits: [train, test], sample_size: 16}}
  cache: {type: DecodedCache, uses: {dataset: dataset}, options: {budget: 64 MiB}}
  views: {type: ViewRecipe, options: {size: 32, crop_scale: [0.2, 1.0], flip: ${augment.flip}}}
nodes:
  source: {type: EpochSource, out: ids, workers: 2, options: {epochs: 3, max_bad_fraction: 0.5}}
  decode: {type: DecodeImage, in: ids, out: images, workers: ${data.workers}}
  augment: {type: DualViewAugment, in: images, out: rows}
  stage: {type: TestCollate, in: rows, out: batches}
  step: {type: TestStep, in: batches}
%%%
data: {batches: 3, workers: "2"}
augment:
  flip: 0.5
)";
  Write("graph", "loader", graph);
  const std::string sections = R"(graph: g
resources:
  dataset: {type: ImageDataset, options: [${data}, {seed: ${seed}}]}
  views: {type: ViewRecipe, options: ${augment}}
nodes:
  source:
    type: EpochSource
    out: ids
    options:
      - ${data}
      - {epochs: 3}
  decode: {type: DecodeImage, in: ids, out: images, options: ${data}}
  augment: {type: DualViewAugment, in: images, out: rows}
  stage: {type: TestCollate, in: rows, out: batches}
  step: {type: TestStep, in: batches}
%%%
seed: 1
data: {kind: sample, max_pixels: 100, deep: {max_side: 4}}
augment: {flip: 0.5, interpolation: bicubic, fli: 1}
)";
  Write("graph", "sections", sections);
  Write("graph", "extends", std::string("extends: a.yaml\nparameters:\n  a.b: [1, 2]\n"));
  Write("graph", "alias", std::string("a: &a [x, *a]\nb: !!map {<<: *a}\n? [k]\n: |\n  text\n"));
  Write("config", "all", std::string(R"(data:
  batch_size: 128 # a comment
  splits: [train, 'it''s', "a\tb\u00e9"]
  none: ~
text: >-
  folded
  text
%%%
data.batch_size: 64
%%%
data.splits=[a, {b: c}]
%%%
text= x: y
)"));
  Write("config", "values",
        std::string("a: [1, -2, 0x3, 1e5, .inf, nan, true, null, '', \"\"]\n"
                    "b: {c: {d: {e: 1}}}\n%%%\nb.c.d.e: 2\n"));
}

void WriteSets() {
  Write("stl10", "labelled",
        Bytes{1, 2, 3, 10, 9, 8, 'c', 'a', 't', '\n', 0, 3, 0, 1, 0, 3, 0, 3, 0, 1, 0, 3});
  Write("stl10", "empty", Bytes{});
  const std::string path = (fs::path(corpus) / "packed").string();
  fs::create_directories(path);
  PackImages(*MakeSampleSet(1, 3, 8), path + "/sample.ftpack", {});
}

void WriteTensors() {
  std::string header = R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],)"
                       R"("data_offsets":[0,24]},"b":{"dtype":"I64","shape":[],)"
                       R"("data_offsets":[24,32]},"c":{"dtype":"BOOL","shape":[0],)"
                       R"("data_offsets":[32,32]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  Bytes file;
  for (size_t i = 0; i < 8; ++i) file.push_back(static_cast<uint8_t>(header.size() >> 8 * i));
  file.insert(file.end(), header.begin(), header.end());
  file.insert(file.end(), 32, uint8_t{7});
  Write("safetensors", "three", file);
}

}  // namespace
}  // namespace flowtrain

int main(int arguments, char** argument) {
  using namespace flowtrain;
  if (arguments != 2) return 2;
  corpus = argument[1];
  WriteJpegs();
  WritePngs();
  WriteOthers();
  WriteExif();
  WriteTexts();
  WriteSets();
  WriteTensors();
  return 0;
}
