#include "nodes/decode/file_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/decode_testing.h"

namespace flowtrain::file_format_test {
namespace {

using namespace std::string_literals;

Bytes FileOf(const std::string& text) { return {text.begin(), text.end()}; }

std::string WhyRefused(const Bytes& file, std::string_view name = {}) {
  const Decoded decoded = Decode(file, name);
  EXPECT_FALSE(decoded.ok);
  return decoded.why;
}

TEST(FormatOf, IsByTheContent) {
  struct Case {
    std::string begin;
    const char* name;
    Reader reader;
  };
  const Case cases[] = {{"\xFF\xD8\xFF\xE0", "JPEG", Reader::kJpeg},
                        {"II*\0\x08\0\0\0"s, "TIFF", Reader::kTiff},
                        {"MM\0+\0\x08\0\0"s, "TIFF", Reader::kTiff},
                        {"RIFF\x10\0\0\0WEBPVP8 "s, "WebP", Reader::kWebp},
                        {"GIF89a", "GIF", Reader::kGif},
                        {"P5\n3 3 255\n", "PGM", Reader::kPnm},
                        {"P3#", "PPM", Reader::kPnm},
                        {"P4 8 8\n", "PBM", Reader::kPnm},
                        {"P7\nWIDTH 3\n", "PAM", Reader::kPam},
                        {"\0\0\0\x18"s + "ftypheic\0\0\0\0mif1heic"s, "HEIC", Reader::kHeif},
                        {"\0\0\0\x18"s + "ftypmif1\0\0\0\0mif1avif"s, "AVIF", Reader::kHeif},
                        {"\0\0\0\x14"s + "ftypmif1\0\0\0\0mif1"s, "HEIF", Reader::kHeif}};
  for (const Case& test : cases) {
    const FileFormat format = FormatOf(FileOf(test.begin));
    EXPECT_STREQ(format.name, test.name) << test.begin;
    EXPECT_EQ(format.reader, test.reader) << test.begin;
  }
}

TEST(FormatOf, WhatIsNotReadIsNamed) {
  struct Case {
    std::string begin, why;
  };
  const Case cases[] = {
      {"8BPS\0\1"s, "Photoshop PSD: not supported"},
      {"\xFF\x0A\xFA\x1F", "JPEG XL: not supported"},
      {"\0\0\0\x0CJXL \r\n\x87\n"s, "JPEG XL: not supported"},
      {"v/1\x01"s, "OpenEXR: not supported"},
      {"#?RADIANCE\n", "Radiance HDR: not supported"},
      {"\0\0\1\0\1\0"s, "ICO icon: not supported"},
      {"%PDF-1.7", "PDF: not supported"},
      {"\x1F\x8B\x08"s, "gzip file: not supported"},
      {"II*\0\x10\0\0\0CR\2\0"s, "Canon CR2 raw file: not supported"},
      {"PF\n3 3\n-1\n", "PFM (floating-point PNM): not supported"},
      {"\0\0\0\x18"s + "ftypisom\0\0\0\0mp41isom"s, "MP4 or QuickTime video: not supported"},
      {"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG: not supported"},
      {"\x89PNG\r\n\x1A\n\0\0\0\4CgBI\x50\0\x20\2"s,
       "Apple's variant of PNG for iOS (CgBI): not supported"},
      {"\x89PNG\n\x1A\n\0\0\0\x0DIHDR"s,
       "damaged PNG: a transfer in text mode has changed its line ends: copy or download it again"},
      {"\x89PNG\r\r\n\x1A\r\n\0\0\0\x0DIHDR"s,
       "damaged PNG: a transfer in text mode has changed its line ends: copy or download it again"},
      {"\x28\0\0\0\x35\0\0\0\x25\0\0\0\1\0\x18\0\0\0\0\0"s,
       "BMP without its file header (DIB): not supported"},
      {"\n <!DOCTYPE HTML><html>", "it is an HTML page, not an image"},
      {"BMW makes cars.\n", "it is text, not an image"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
       "it is a Git LFS pointer, not the image: run git lfs pull"},
      {"../.git/annex/objects/aa/bb/SHA256",
       "it is a git-annex pointer, not the image: run git annex get"},
      {std::string(400, '\0'), "it holds nothing but zeros: copy or download it again"},
      {"B", "it is too short for an image: copy or download it again"},
      {"BM", "it is too short for an image: copy or download it again"},
      {"\xFF\xD8", "it is too short for an image: copy or download it again"},
      {"text", "it is text, not an image"},
      {std::string(400, '\x07'), "its content is of no format that is known"},
      {"", "the file is empty"}};
  for (const Case& test : cases) EXPECT_EQ(WhyRefused(FileOf(test.begin)), test.why);
}

TEST(NamedWrongly, SaysWhatAFileIsAndWhatItIsCalled) {
  EXPECT_EQ(WhyRefused(FileOf("8BPS\0\1"s), "photo.JPG"),
            "Photoshop PSD named .jpg: not supported");
  Bytes pnm = WritePnm(SmoothImage(9, 14, 3));
  pnm.resize(pnm.size() / 2);
  EXPECT_EQ(WhyRefused(pnm, "a/b.png"), "PPM named .png: cut-off PPM: it ends at 44 % of its rows");
  EXPECT_EQ(WhyRefused(pnm, "a/b.ppm"), "cut-off PPM: it ends at 44 % of its rows");
  EXPECT_EQ(WhyRefused(pnm, "a/b.pnm"), "cut-off PPM: it ends at 44 % of its rows");
  EXPECT_EQ(WhyRefused(FileOf("<html>"), "b.png"), "it is an HTML page, not an image");
}

TEST(NamedWrongly, KnowsEveryExtensionThatIsTaken) {
  for (const char* name : {"a.jpf", "a.JPX", "a.j2c"}) {
    EXPECT_EQ(WhyRefused(FileOf("8BPS\0\1"s), name),
              "Photoshop PSD named ." + ExtensionOf(name) + ": not supported");
  }
}

TEST(NamedWrongly, AFileThatCanBeReadIsRead) {
  EXPECT_TRUE(Decode(WritePng(1, 1, 8, 2, {1, 2, 3}), "photo.jpg").ok);
}

}  // namespace
}  // namespace flowtrain::file_format_test
