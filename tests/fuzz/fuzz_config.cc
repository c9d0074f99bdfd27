// Parameters: a default file's text, behind a line "%%%" an overlay's, behind others --set texts.
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/config/config.h"
#include "tests/fuzz/fuzz.h"

namespace flowtrain {
namespace {

std::vector<std::string> Parts(const std::string& text) {
  const std::string separator = "%%%\n";
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t at = text.find(separator); at != std::string::npos;
       at = text.find(separator, begin)) {
    parts.push_back(text.substr(begin, at - begin));
    begin = at + separator.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

// What `--config` takes back says the same again.
void CheckRoundTrip(const Config& config) {
  const std::string yaml = config.ToYaml();
  const Config again(ReadYaml(yaml, "again.yaml"));
  fuzz::Require(again.ToYaml() == yaml, "the resolved parameters read as they were written");
}

}  // namespace
}  // namespace flowtrain

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace flowtrain;
  const std::vector<std::string> parts = Parts({reinterpret_cast<const char*>(data), size});
  Config config;
  try {
    config = Config(ReadYaml(parts[0], "defaults.yaml"));
    if (parts.size() > 1) config.Overlay(ReadYaml(parts[1], "overlay.yaml"));
    for (size_t i = 2; i < parts.size(); ++i) config.Set(parts[i]);
    config.Check({"data.batch_size"});
  } catch (const ConfigError& error) {
    fuzz::Require(!error.diagnostics().empty(), "an error has findings");
    return 0;
  }
  CheckRoundTrip(config);
  return 0;
}
