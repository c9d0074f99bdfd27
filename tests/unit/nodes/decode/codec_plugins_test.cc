#include "nodes/decode/codec_plugins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "nodes/decode/file_format.h"
#include "pipeline/base/philox.h"
#include "tests/support/decode_testing.h"
#include "tests/support/temp_folder.h"

namespace flowtrain::codec_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const fs::path kTests = fs::path(FLOWTRAIN_SOURCE_DIR) / "tests";

const std::map<std::string, Codec> kFolders = {{"webp", Codec::kWebp},
                                               {"tiff", Codec::kTiff},
                                               {"jpeg2000", Codec::kJpeg2000},
                                               {"heif", Codec::kHeif},
                                               {"gif", Codec::kGif}};

// The files of a format, of which the plug-in is there.
std::vector<fs::path> FilesOf(const std::string& folder) {
  std::vector<fs::path> files;
  if (!PluginIsThere(kFolders.at(folder))) return files;
  for (const auto& entry : fs::directory_iterator(kTests / "fuzz" / "corpus" / folder)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Bytes FileOf(const std::string& folder, const std::string& name) {
  return ReadBytes(kTests / "fuzz" / "corpus" / folder / name);
}

class Formats : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!PluginIsThere(kFolders.at(GetParam()))) GTEST_SKIP() << "its plug-in was not built";
  }
};

INSTANTIATE_TEST_SUITE_P(, Formats, ::testing::Values("webp", "tiff", "jpeg2000", "heif", "gif"),
                         [](const auto& info) { return std::string(info.param); });

// tests/golden/make_images.py made both.
TEST_P(Formats, HaveTheRightPixelsInEachVariant) {
  const std::vector<fs::path> files = FilesOf(GetParam());
  EXPECT_GE(files.size(), 7u);
  for (const fs::path& file : files) {
    const Decoded decoded = Decode(ReadBytes(file));
    const fs::path golden = kTests / "golden" / "images" / (file.filename().string() + ".png");
    const Decoded expected = Decode(ReadBytes(golden));
    ASSERT_TRUE(expected.ok) << expected.why;
    ASSERT_TRUE(decoded.ok) << file << ": " << decoded.why;
    const bool lossy = file.filename().string().find("lossy") != std::string::npos;
    EXPECT_LE(MeanDifference(decoded.image, expected.image), lossy ? 2.5 : 0.1) << file;
  }
}

// Also those with more images than the one that is read may lose only what is behind it.
TEST_P(Formats, AreRefusedWhereverTheyAreCut) {
  for (const fs::path& file : FilesOf(GetParam())) {
    const std::string name = file.filename();
    const bool more = name == "animated.gif" || name == "rgb-pages.tif";
    const Bytes whole = ReadBytes(file);
    const std::string format = FormatOf(whole).name;
    const size_t end = more ? whole.size() / 3 : whole.size() - 3;
    for (size_t size = 30; size < end; size += 1 + whole.size() / 23) {
      const Decoded cut = Decode(Bytes(whole.begin(), whole.begin() + static_cast<long>(size)));
      EXPECT_FALSE(cut.ok) << file << ", " << size << " of " << whole.size();
      EXPECT_THAT(cut.why, AnyOf(StartsWith("cut-off " + format), StartsWith("damaged " + format)))
          << file << ", " << size << " of " << whole.size();
    }
  }
}

TEST_P(Formats, SurviveDamageAnywhereAndPrintNothing) {
  std::vector<Bytes> files;
  for (const fs::path& file : FilesOf(GetParam())) files.push_back(ReadBytes(file));
  Rng rng({1, 2, 3, kTesting});
  ::testing::internal::CaptureStderr();
  ::testing::internal::CaptureStdout();
  for (int round = 0; round < 400; ++round) {
    Bytes file = files[rng.Below(files.size())];
    for (uint64_t i = rng.Below(4); i > 0; --i) {
      file[rng.Below(file.size())] ^= static_cast<uint8_t>(1u << rng.Below(8));
    }
    if (rng.Bernoulli(0.3f)) file.resize(rng.Below(file.size()));
    const Decoded decoded = Decode(file);
    EXPECT_TRUE(decoded.ok || !decoded.why.empty());
  }
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  // libheif gives no access to what dav1d, its decoder of AVIF, writes to stderr.
  if (GetParam() != std::string("heif")) {
    EXPECT_EQ(said, "");
  }
}

TEST_P(Formats, RefuseWhatHasMorePixelsThanAreAllowed) {
  for (const fs::path& file : FilesOf(GetParam())) {
    const Bytes bytes = ReadBytes(file);
    const Decoded whole = Decode(bytes);
    const int64_t pixels = int64_t{whole.image.height} * whole.image.width;
    DecodeScratch scratch;
    scratch.max_pixels = pixels - 1;
    EncodedImage encoded;
    encoded.bytes = bytes;
    RgbImage image;
    std::string why;
    EXPECT_FALSE(DecodeToRgb(encoded, scratch, nullptr, image, &why)) << file;
    EXPECT_THAT(why, HasSubstr("more than max_pixels=" + std::to_string(pixels - 1)));
    EXPECT_TRUE(image.storage.empty()) << "no memory was taken";
  }
}

// Each image beside the repository is right, or refused with its format's name.
TEST(OddImages, AreRightOrRefusedByName) {
  const fs::path root = fs::path(FLOWTRAIN_SOURCE_DIR) / "../shared/data/odd_images";
  if (!fs::exists(root)) GTEST_SKIP() << root << " is not there";
  PluginIsThere(Codec::kWebp);  // says where they are
  for (const auto& entry : fs::directory_iterator(root / "files")) {
    const std::string name = entry.path().filename();
    const Bytes bytes = ReadBytes(entry.path());
    const Decoded decoded = Decode(bytes);
    if (!decoded.ok) {
      EXPECT_THAT(decoded.why, HasSubstr(FormatOf(bytes).name)) << name;
      continue;
    }
    const std::string end = entry.path().extension();
    const bool lossy = end == ".webp" || end == ".jp2" || end == ".heic" || end == ".avif" ||
                       end == ".jpg" || end == ".jpeg";
    const Decoded expected = Decode(ReadBytes(root / "expected" / (name + ".png")));
    EXPECT_LT(MeanDifference(decoded.image, expected.image), lossy ? 2.5 : 1.0) << name;
  }
}

class Wanted final : public PartChooser {
 public:
  explicit Wanted(const WantedPart& part) : part_(part) {}
  WantedPart Choose(int, int) const override { return part_; }

 private:
  const WantedPart part_;
};

// The mean difference of the wanted pixels of `part` from those of `whole`, reduced by averaging.
double DifferenceOfPart(const RgbImage& part, const RgbImage& whole, const WantedPart& wanted) {
  const int s = part.shrink;
  double sum = 0;
  int64_t count = 0;
  for (int y = wanted.top / s; y < (wanted.top + wanted.height) / s; ++y) {
    for (int x = wanted.left / s; x < (wanted.left + wanted.width) / s; ++x) {
      for (int c = 0; c < 3; ++c, ++count) {
        double mean = 0;
        for (int i = 0; i < s * s; ++i) {
          mean += whole.pixels[static_cast<size_t>(
              ((y * s + i / s) * whole.width + x * s + i % s) * 3 + c)];
        }
        const int at = ((y - part.top) * part.width + x - part.left) * 3 + c;
        sum += std::abs(part.pixels[static_cast<size_t>(at)] - mean / (s * s));
      }
    }
  }
  return sum / static_cast<double>(count);
}

class WebpParts : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(, WebpParts,
                         ::testing::Values("large-lossy.webp", "large-lossless.webp",
                                           "large-exif6-lossy.webp"));

TEST_P(WebpParts, HaveThePixelsOfTheWholeAndNoMore) {
  if (!PluginIsThere(Codec::kWebp)) GTEST_SKIP() << "flowtrain_webp.so was not built";
  const Bytes file = FileOf("webp", GetParam());
  const Decoded whole = Decode(file);
  ASSERT_TRUE(whole.ok) << whole.why;
  const int height = whole.image.height, width = whole.image.width;
  Rng rng({.seed = 11, .purpose = kTesting});
  DecodeScratch scratch;
  int reduced = 0;
  for (int round = 0; round < 200; ++round) {
    const auto below = [&](int n) { return static_cast<int>(rng.Below(static_cast<uint64_t>(n))); };
    WantedPart wanted;
    wanted.height = 16 + below(height - 16);
    wanted.width = 16 + below(width - 16);
    wanted.top = below(height - wanted.height + 1);
    wanted.left = below(width - wanted.width + 1);
    wanted.shrink = 1 << below(4);
    EncodedImage encoded;
    encoded.bytes = file;
    RgbImage part;
    std::string why;
    const Wanted chooser(wanted);
    ASSERT_TRUE(DecodeToRgb(encoded, scratch, &chooser, part, &why)) << why;
    EXPECT_EQ(part.full_height, height);
    EXPECT_EQ(part.full_width, width);
    ASSERT_LE(part.shrink, wanted.shrink);
    reduced += part.shrink > 1 ? 1 : 0;
    const int s = part.shrink;
    ASSERT_LE(part.top * s, wanted.top);
    ASSERT_LE(part.left * s, wanted.left);
    ASSERT_GE((part.top + part.height) * s, wanted.top + wanted.height);
    ASSERT_GE((part.left + part.width) * s, wanted.left + wanted.width);
    EXPECT_LE(part.height, (wanted.height + 6) / s + 3) << "no more than is needed";
    EXPECT_LE(part.width, (wanted.width + 6) / s + 3);
    EXPECT_LE(DifferenceOfPart(part, whole.image, wanted), s == 1 ? 0.0 : 1.5)
        << "of " << wanted.height << "x" << wanted.width << " reduced by " << s;
  }
  EXPECT_GT(reduced, 50);
}

// A TIFF of one row of three RGB pixels, with other values for some tags.
Bytes Tiff(const std::map<int, uint32_t>& changes) {
  std::map<int, uint32_t> tags = {{256, 3}, {257, 1}, {258, 8}, {259, 1}, {262, 2},
                                  {273, 8}, {277, 3}, {278, 1}, {279, 9}};
  for (const auto& [tag, value] : changes) tags[tag] = value;
  Bytes file = {'I', 'I', 42, 0, 20, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0};
  const auto put = [&file](uint32_t number, int bytes) {
    for (int i = 0; i < bytes; ++i) file.push_back(static_cast<uint8_t>(number >> 8 * i));
  };
  put(static_cast<uint32_t>(tags.size()), 2);
  for (const auto& [tag, value] : tags) {
    put(static_cast<uint32_t>(tag), 2), put(4, 2), put(1, 4), put(value, 4);
  }
  put(0, 4);
  return file;
}

TEST(TiffCodec, RefusesByNameWhatItDoesNotRead) {
  if (!PluginIsThere(Codec::kTiff)) GTEST_SKIP() << "flowtrain_tiff.so was not built";
  const Decoded sound = Decode(Tiff({}));
  ASSERT_TRUE(sound.ok) << sound.why;
  EXPECT_THAT(sound.image.pixels, ::testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
  const auto why = [](const std::map<int, uint32_t>& changes) { return Decode(Tiff(changes)).why; };
  EXPECT_EQ(why({{258, 32}, {339, 3}}), "32-bit floating-point TIFF: not supported");
  EXPECT_EQ(why({{258, 32}}), "32-bit TIFF: not supported");
  EXPECT_EQ(why({{339, 2}}), "TIFF of signed integers: not supported");
  EXPECT_EQ(why({{262, 8}}), "CIELAB TIFF: not supported");
  EXPECT_EQ(why({{262, 32803}}),
            "a camera's raw file (TIFF, as DNG, NEF and ARW are): not supported");
  EXPECT_EQ(why({{254, 1}, {330, 8}}),
            "a camera's raw file (TIFF, as DNG, NEF and ARW are): not supported");
  EXPECT_EQ(why({{277, 9}}), "TIFF of 9 samples a pixel: not supported");
  EXPECT_THAT(why({{259, 34712}}), HasSubstr("TIFF with compression 34712"));
  EXPECT_THAT(why({{256, 30000}, {257, 30000}}), HasSubstr("it is too large: 30000x30000 pixels"));
  EXPECT_EQ(why({{273, 500}}), "cut-off TIFF: it ends at 26 % of its bytes");
}

// The alpha that the colours contain need not be the first of the samples that follow them.
TEST(TiffCodec, DividesByTheAlphaThatItNames) {
  if (!PluginIsThere(Codec::kTiff)) GTEST_SKIP() << "flowtrain_tiff.so was not built";
  const auto pixel = [](uint32_t extra_samples) {
    Bytes file = Tiff({{256, 1}, {277, 5}, {338, extra_samples}, {279, 5}});
    const Bytes samples = {20, 40, 60, 51, 102};
    std::copy(samples.begin(), samples.end(), file.begin() + 8);
    constexpr int kShort = 3, kTwo = 2;
    for (size_t i = 22; i + 12 < file.size(); i += 12) {
      if (file[i] + 256 * file[i + 1] != 338) continue;
      file[i + 2] = kShort;
      file[i + 4] = kTwo;
    }
    const Decoded decoded = Decode(file);
    EXPECT_TRUE(decoded.ok) << decoded.why;
    return Bytes(decoded.image.pixels.begin(), decoded.image.pixels.end());
  };
  constexpr uint32_t kUnspecified = 0, kAssociated = 1, kUnassociated = 2;
  EXPECT_EQ(pixel(kAssociated | kUnspecified << 16), (Bytes{100, 200, 255}));
  EXPECT_EQ(pixel(kUnspecified | kAssociated << 16), (Bytes{50, 100, 150}));
  EXPECT_EQ(pixel(kUnassociated | kUnspecified << 16), (Bytes{20, 40, 60}));
}

TEST(Jpeg2000Codec, RefusesHeadersThatWouldTakeMuchMemory) {
  if (!PluginIsThere(Codec::kJpeg2000)) GTEST_SKIP() << "flowtrain_jpeg2000.so was not built";
  const auto patched = [](size_t at, uint32_t number) {
    Bytes file = FileOf("jpeg2000", "rgb-10.j2k");
    for (size_t i = 0; i < 4; ++i) file[at + i] = static_cast<uint8_t>(number >> (24 - 8 * i));
    return Decode(file).why;
  };
  constexpr size_t kWidth = 8, kTileWidth = 24;
  EXPECT_THAT(patched(kWidth, 300'000'000), AnyOf(HasSubstr("too large"), HasSubstr("tiles")));
  EXPECT_EQ(patched(kTileWidth, 2), "damaged JPEG 2000: it lacks 12 of its 13 tiles");
  Bytes file = FileOf("jpeg2000", "rgb-10.j2k");
  file[40] = 0x40;
  EXPECT_EQ(Decode(file).why, "JPEG 2000 of 16387 components: not supported");
}

// Sets $FLOWTRAIN_PLUGINS for a scope.
class PluginsIn {
 public:
  explicit PluginsIn(const std::string& folder) {
    const char* before = std::getenv("FLOWTRAIN_PLUGINS");
    if (before != nullptr) before_ = before;
    setenv("FLOWTRAIN_PLUGINS", folder.c_str(), 1);
  }
  ~PluginsIn() {
    if (before_.empty()) {
      unsetenv("FLOWTRAIN_PLUGINS");
    } else {
      setenv("FLOWTRAIN_PLUGINS", before_.c_str(), 1);
    }
  }

 private:
  std::string before_;
};

TEST(CodecPlugins, OneThatIsMissingIsNamedWithItsPackage) {
  const PluginsIn plugins("/no/such/folder");
  const Decoded decoded = Decode(FileOf("heif", "lossy-444.heic"), "photo.jpg");
  EXPECT_FALSE(decoded.ok);
  EXPECT_THAT(decoded.why, StartsWith("HEIC named .jpg: this needs flowtrain_heif.so"));
  EXPECT_THAT(decoded.why, HasSubstr("/no/such/folder"));
  EXPECT_THAT(decoded.why, HasSubstr("apt-get install libheif-dev"));
  EXPECT_TRUE(Decode(WritePnm(SmoothImage(3, 3, 3))).ok) << "other formats are read";
}

TEST(CodecPlugins, OneThatCannotBeOpenedNamesThePackagesOfItsLibrary) {
  const TempFolder folder;
  folder.Write("flowtrain_webp.so", {1, 2, 3});
  const PluginsIn plugins(folder.path());
  const Decoded decoded = Decode(FileOf("webp", "lossy.webp"));
  EXPECT_FALSE(decoded.ok);
  EXPECT_THAT(decoded.why, StartsWith("WebP: " + folder.path() + "/flowtrain_webp.so cannot be"));
  EXPECT_THAT(decoded.why, HasSubstr("apt-get install libwebp7 libwebpdemux2"));
}

}  // namespace
}  // namespace flowtrain::codec_test
