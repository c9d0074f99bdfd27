// Writes the seeds of the fuzz targets: fuzz_corpus FOLDER, which is tests/fuzz/corpus. Those of the
// formats that plug-ins read are made by tests/golden/make_images.py.
#include <string>
#include <utility>
#include <vector>

#include "nodes/data/sample_set.h"
#include "nodes/pack/pack_images.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/image_files.h"
#include "tests/support/tar_files.h"

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

// A BMP of `bits` with a header of 40 bytes, and a palette of as many colours as fit.
Bytes Bmp(int bits, uint32_t compression, const Bytes& data) {
  const uint32_t colours = bits <= 8 ? 1u << bits : 0;
  const uint32_t pixels_at = 54 + (compression == 3 ? 12 : 0) + 4 * colours;
  Bytes file = {'B', 'M'};
  const auto put = [&file](uint32_t number, int bytes) {
    for (int i = 0; i < bytes; ++i) file.push_back(static_cast<uint8_t>(number >> 8 * i));
  };
  put(pixels_at, 4), put(0, 4), put(pixels_at, 4), put(40, 4), put(5, 4), put(4, 4), put(1, 2);
  put(static_cast<uint32_t>(bits), 2), put(compression, 4);
  for (int i = 0; i < 5; ++i) put(0, 4);
  if (compression == 3) put(0xF800, 4), put(0x7E0, 4), put(0x1F, 4);
  for (uint32_t i = 0; i < colours; ++i) put(i * 0x010305, 4);
  file.insert(file.end(), data.begin(), data.end());
  return file;
}

void WriteBmps() {
  for (const int bits : {1, 2, 4, 8, 16, 24, 32}) {
    Write("bmp", std::to_string(bits) + ".bmp", Bmp(bits, 0, Bytes(80, 0x5A)));
  }
  Write("bmp", "masks.bmp", Bmp(16, 3, Bytes(48, 0x5A)));
  const Bytes codes = {5, 2, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 2, 3, 0, 2, 4, 0, 0, 0, 1};
  Write("bmp", "rle8.bmp", Bmp(8, 1, codes));
  Write("bmp", "rle4.bmp", Bmp(4, 2, codes));
}

void WriteNetpbms() {
  for (const int channels : {1, 3}) {
    Write("pnm", std::to_string(channels) + ".pnm", WritePnm(SmoothImage(9, 14, channels)));
  }
  Write("pnm", "4095.pgm", "P5\n2 2\n4095\n" + std::string(8, '\5'));
  Write("pnm", "plain.ppm", std::string("P3 # plain\n2 1 15\n1 2 3 4 5 15\n"));
  Write("pnm", "plain.pbm", std::string("P1\n4 2\n1010 0 1 1 1\n"));
  Write("pnm", "bits.pbm", "P4\n9 2\n" + std::string(4, '\5'));
  for (const char* type : {"GRAYSCALE", "GRAYSCALE_ALPHA", "RGB", "RGB_ALPHA", "CMYK"}) {
    const std::string name = type;
    const int depth = name == "CMYK" || name == "RGB_ALPHA" ? 4
                      : name == "RGB"                       ? 3
                      : name == "GRAYSCALE"                 ? 1
                                                            : 2;
    Write("pnm", name + ".pam",
          "P7\nWIDTH 3\nHEIGHT 2\nDEPTH " + std::to_string(depth) + "\nMAXVAL 99\nTUPLTYPE " +
              name + "\nENDHDR\n" + std::string(static_cast<size_t>(6 * depth), '\7'));
  }
}

void WriteSunRasters() {
  for (const uint32_t bits : {1u, 8u, 24u, 32u}) {
    for (const uint32_t type : {1u, 2u}) {
      Bytes file;
      for (const uint32_t word :
           {0x59A66A95u, 5u, 4u, bits, 80u, type, bits == 8 ? 1u : 0u, bits == 8 ? 768u : 0u}) {
        png_file::AppendBigEndian(file, word);
      }
      file.resize(file.size() + (bits == 8 ? 768 : 0), 99);
      const Bytes codes = {128, 9, 5, 128, 0, 7, 128, 99, 1};
      file.insert(file.end(), codes.begin(), codes.end());
      file.resize(file.size() + 80, 42);
      Write("sun_raster", std::to_string(bits) + (type == 2 ? "-runs.ras" : ".ras"), file);
    }
  }
}

void WriteExif() {
  const std::string xmp =
      std::string("http://ns.adobe.com/xap/1.0/\0", 29) + R"(<x tiff:Orientation="6"/>)";
  Write("exif", "xmp", Bytes(xmp.begin(), xmp.end()));
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
  Bytes records(4200, 7);  // then, for each file, what it is, its records and where it begins
  for (int i = 0; i < 60; ++i) records.push_back(static_cast<uint8_t>(i * 7));
  Write("cifar", "records", records);
  Write("cifar", "empty", Bytes{});
  Write("list", "paths", "a.jpg\n./a.jpg\n\nlost.jpg\n");
  Write("list", "labels", "a.jpg,1\n\"a.jpg\",\"2, \"\"two\"\"\"\r\n./a.jpg\n");
  Write("list", "columns", "label,split,path\n3,train,a.jpg\n10,train,a.jpg\n3,val,a.jpg\n");
  Write("tar", "ustar",
        TarFile("1.jpg", "x") + TarFile("1.cls", "3") + TarFile("a/2.png", "y") +
            TarFile("a/2.json", R"({"label": "cat"})") + TarEnd());
  Write("tar", "gnu",
        TarFile("././@LongLink", std::string(120, 'n') + ".jpg", 'L') + TarFile("n.jpg", "x") +
            TarHeader("2.jpg", 0, '1', "n.jpg"));
  Write("tar", "pax",
        TarFile("p", PaxRecord("path", "long/1.webp") + PaxRecord("size", "3"), 'x') +
            TarHeader("1.webp", 0) + TarData("xyz") + TarEnd());
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
  WriteBmps();
  WriteNetpbms();
  WriteSunRasters();
  WriteExif();
  WriteTexts();
  WriteSets();
  WriteTensors();
  return 0;
}
