#include "nodes/decode/file_format.h"

#include <algorithm>
#include <array>

#include "nodes/decode/complaint.h"
#include "pipeline/base/text/lower_case.h"

namespace flowtrain {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  FileFormat format;
  size_t at = 0;
};

constexpr FileFormat kPngOfTextMode{
    "PNG", Reader::kNone,
    "damaged PNG: a transfer in text mode has changed its line ends: copy or download it again"};

// The first that fits counts.
constexpr Magic kMagics[] = {
    {"\xFF\xD8\xFF"sv, {"JPEG", Reader::kJpeg}},
    {"CgBI"sv, {"Apple's variant of PNG for iOS (CgBI)"}, 12},
    {"\x89PNG\r\n\x1A\n"sv, {"PNG", Reader::kPng}},
    {"\x89PNG\n"sv, kPngOfTextMode},
    {"\x89PNG\r\r\n"sv, kPngOfTextMode},
    {"GIF87a"sv, {"GIF", Reader::kGif}},
    {"GIF89a"sv, {"GIF", Reader::kGif}},
    {"\0\0\0\x0CjP  \r\n\x87\n"sv, {"JPEG 2000", Reader::kJpeg2000}},
    {"\xFF\x4F\xFF\x51"sv, {"JPEG 2000", Reader::kJpeg2000}},
    {"\x59\xA6\x6A\x95"sv, {"Sun raster", Reader::kSunRaster}},
    // Raw files of cameras; most others are TIFF files, and are told apart where those are read.
    {"CR\x02\0"sv, {"Canon CR2 raw file"}, 8},
    {"IIRO"sv, {"Olympus ORF raw file"}},
    {"IIRS"sv, {"Olympus ORF raw file"}},
    {"MMOR"sv, {"Olympus ORF raw file"}},
    {"IIU\0"sv, {"Panasonic RW2 raw file"}},
    {"FUJIFILMCCD-RAW"sv, {"Fujifilm RAF raw file"}},
    {"FOVb"sv, {"Sigma X3F raw file"}},
    {"ftypcrx "sv, {"Canon CR3 raw file"}, 4},
    {"II*\0"sv, {"TIFF", Reader::kTiff}},
    {"MM\0*"sv, {"TIFF", Reader::kTiff}},
    {"II+\0"sv, {"TIFF", Reader::kTiff}},
    {"MM\0+"sv, {"TIFF", Reader::kTiff}},
    {"\xFF\x0A"sv, {"JPEG XL"}},
    {"\0\0\0\x0CJXL \r\n\x87\n"sv, {"JPEG XL"}},
    {"II\xBC"sv, {"JPEG XR"}},
    {"8BPS"sv, {"Photoshop PSD"}},
    {"gimp xcf"sv, {"GIMP XCF"}},
    {"\x76\x2F\x31\x01"sv, {"OpenEXR"}},
    {"#?RADIANCE"sv, {"Radiance HDR"}},
    {"#?RGBE"sv, {"Radiance HDR"}},
    {"PF\n"sv, {"PFM (floating-point PNM)"}},
    {"Pf\n"sv, {"PFM (floating-point PNM)"}},
    {"P7 332"sv, {"XV thumbnail"}},
    {"DDS "sv, {"DDS texture"}},
    {"qoif"sv, {"QOI"}},
    {"BPG\xFB"sv, {"BPG"}},
    {"FLIF"sv, {"FLIF"}},
    {"\x8AMNG"sv, {"MNG"}},
    {"icns"sv, {"Apple ICNS icon"}},
    {"AT&TFORM"sv, {"DjVu"}},
    {"DICM"sv, {"DICOM"}, 128},
    {"SIMPLE  ="sv, {"FITS"}},
    {"%PDF"sv, {"PDF"}},
    {"%!PS"sv, {"PostScript"}},
    {"\xC5\xD0\xD3\xC6"sv, {"EPS"}},
    {"\x93NUMPY"sv, {"NumPy array"}},
    {"\x89HDF\r\n"sv, {"HDF5"}},
    {"\x1F\x8B"sv, {"gzip file"}},
    {"BZh"sv, {"bzip2 file"}},
    {"\xFD\x37zXZ\0"sv, {"xz file"}},
    {"\x28\xB5\x2F\xFD"sv, {"Zstandard file"}},
    {"PK\x03\x04"sv, {"ZIP archive"}},
    {"7z\xBC\xAF\x27\x1C"sv, {"7-Zip archive"}},
    {"Rar!\x1A"sv, {"RAR archive"}},
    {"ustar"sv, {"tar archive"}, 257},
    {"\x1A\x45\xDF\xA3"sv, {"Matroska or WebM video"}},
    {"\0\x05\x16\x07"sv, {"AppleDouble file"}},
};

constexpr FileFormat kLfsPointer{"Git LFS pointer", Reader::kNone,
                                 "it is a Git LFS pointer, not the image: run git lfs pull"};
constexpr FileFormat kAnnexPointer{"git-annex pointer", Reader::kNone,
                                   "it is a git-annex pointer, not the image: run git annex get"};
constexpr FileFormat kBareBitmap{"BMP", Reader::kNone,
                                 "BMP without its file header (DIB): not supported"};
constexpr FileFormat kHtml{"HTML page", Reader::kNone, "it is an HTML page, not an image"};
constexpr FileFormat kText{"text", Reader::kNone, "it is text, not an image"};
constexpr FileFormat kTooShort{"fragment", Reader::kNone,
                               "it is too short for an image: copy or download it again"};
constexpr FileFormat kZeros{"zeros", Reader::kNone,
                            "it holds nothing but zeros: copy or download it again"};

std::string_view TextOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool IsPnm(std::string_view file, char first, char last) {
  return file.size() >= 3 && file[0] == 'P' && file[1] >= first && file[1] <= last &&
         " \t\n\v\f\r#"sv.find(file[2]) != std::string_view::npos;
}

// What follows the file header of a BMP: its size, the image's, one plane, the bits of a pixel.
bool IsBareBitmap(std::string_view file) {
  if (file.size() < 16 || file.substr(1, 3) != "\0\0\0"sv) return false;
  const std::string_view planes = file.substr(12, 2), bits = file.substr(14, 2);
  return (file[0] == 40 || file[0] == 108 || file[0] == 124) && planes == "\1\0"sv && bits[0] > 0 &&
         bits[0] <= 32 && bits[1] == 0;
}

// ICO and CUR: a number of images that is not 0.
bool IsIcon(std::string_view file) {
  return (file.starts_with("\0\0\1\0"sv) || file.starts_with("\0\0\2\0"sv)) && file.size() >= 6 &&
         file[4] != 0 && file[5] == 0;
}

// By the brands in the file's first box (ISO 14496-12, 4.3).
FileFormat OfIsoFile(std::string_view file) {
  const size_t end = std::min<size_t>({file.size(), static_cast<uint8_t>(file[3]), 255});
  const auto has = [&](std::initializer_list<std::string_view> brands) {
    for (size_t at = 8; at + 4 <= end; at += 4) {
      if (at == 12) continue;  // a version
      const std::string_view brand = file.substr(at, 4);
      if (std::find(brands.begin(), brands.end(), brand) != brands.end()) return true;
    }
    return false;
  };
  if (has({"avif", "avis"})) return {"AVIF", Reader::kHeif};
  if (has({"heic", "heix", "heim", "heis", "hevc", "hevx"})) return {"HEIC", Reader::kHeif};
  if (has({"mif1", "msf1", "miaf"})) return {"HEIF", Reader::kHeif};
  return {"MP4 or QuickTime video"};
}

FileFormat OfRiff(std::string_view file) {
  const std::string_view form = file.substr(8, 4);
  if (form == "WEBP") return {"WebP", Reader::kWebp};
  if (form == "AVI ") return {"AVI video"};
  return {"RIFF file"};
}

bool IsText(std::string_view begin) {
  return std::all_of(begin.begin(), begin.end(), [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte >= 0x20 ? byte != 0x7F : (byte >= '\t' && byte <= '\r');
  });
}

// "BM" may also begin a text: the size of the header that follows is small.
bool IsBmp(std::string_view file) {
  if (!file.starts_with("BM")) return false;
  return file.size() < 18 ? !IsText(file) : file.substr(16, 2) == "\0\0"sv;
}

FileFormat OfText(std::string_view file) {
  const std::string begin = InLowerCase(file.substr(0, 1024));
  if (begin.starts_with("version https://git-lfs")) return kLfsPointer;
  if (begin.find("/annex/objects/") != std::string::npos) return kAnnexPointer;
  const size_t first = begin.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  const std::string_view content =
      first == std::string::npos ? std::string_view() : std::string_view(begin).substr(first);
  if (content.starts_with("<!doctype html") || content.starts_with("<html")) return kHtml;
  if (content.starts_with('<') && content.find("<svg") != std::string_view::npos) return {"SVG"};
  return kText;
}

}  // namespace

FileFormat FormatOf(std::span<const uint8_t> bytes) {
  const std::string_view file = TextOf(bytes);
  for (const Magic& magic : kMagics) {
    if (file.size() > magic.at && file.substr(magic.at).starts_with(magic.bytes)) {
      return magic.format;
    }
  }
  if (IsPnm(file, '1', '1') || IsPnm(file, '4', '4')) return {"PBM", Reader::kPnm};
  if (IsPnm(file, '2', '2') || IsPnm(file, '5', '5')) return {"PGM", Reader::kPnm};
  if (IsPnm(file, '3', '3') || IsPnm(file, '6', '6')) return {"PPM", Reader::kPnm};
  if (IsPnm(file, '7', '7')) return {"PAM", Reader::kPam};
  if (IsBmp(file)) return {"BMP", Reader::kBmp};
  if (file.starts_with("BA") && file.size() > 14 && file.substr(14).starts_with("BM")) {
    return {"OS/2 bitmap array"};
  }
  if (IsBareBitmap(file)) return kBareBitmap;
  if (IsIcon(file)) return {"ICO icon"};
  if (file.size() >= 16 && file.substr(4, 4) == "ftyp") return OfIsoFile(file);
  if (file.size() >= 12 && file.starts_with("RIFF")) return OfRiff(file);
  constexpr size_t kLeastBytes = 4;  // those that begin a format
  if (file.size() < kLeastBytes) return kTooShort;
  if (IsText(file.substr(0, 512))) return OfText(file);
  if (std::all_of(file.begin(), file.end(), [](char c) { return c == 0; })) return kZeros;
  return {};
}

std::string WhyNotRead(const FileFormat& format) {
  if (format.name == nullptr) return "its content is of no format that is known";
  return format.instead != nullptr ? format.instead : NotSupported(format.name);
}

std::string NamedWrongly(const FileFormat& format, std::string_view file_name) {
  if (format.name == nullptr || format.instead != nullptr) return {};
  const std::string extension = ExtensionOf(file_name);
  const Reader promised = ReaderOfExtension(extension);
  const bool netpbm = format.reader == Reader::kPam && promised == Reader::kPnm;
  if (promised == Reader::kNone || promised == format.reader || netpbm) return {};
  return std::string(format.name) + " named ." + extension + ": ";
}

}  // namespace flowtrain
