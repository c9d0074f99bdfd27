// `flowtrain init`: a configuration to begin with, for the images and the machine that are there.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "nodes/data/dataset.h"
#include "pipeline/base/cpu_limits.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/new_file.h"
#include "pipeline/base/files/output_path.h"
#include "pipeline/base/log.h"
#include "pipeline/base/text/printable_name.h"
#include "pipeline/base/text/units.h"
#include "tools/commands/commands.h"
#include "tools/commands/graph_options.h"
#include "tools/doctor/gpu_checks.h"
#include "tools/init/find_data.h"
#include "tools/init/image_sizes.h"
#include "tools/init/starter_file.h"
#include "tools/init/starter_values.h"
#include "tools/load/path_word.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

struct InitRequest {
  DataRequest data;
  std::string kind;  // as it is given; empty: not given
  std::string out = "flowtrain.yaml";
  bool force = false;  // overwrite an existing file
};

std::string JudgedOn(const Evaluation& evaluation) {
  if (!evaluation.possible()) return {};
  if (evaluation.leave_one_out) return "the same images, each by the others";
  return evaluation.queries->Name() + " (" + ShowCount(evaluation.queries->size(), "image") + ')';
}

DataFacts FactsOf(const FoundData& found) {
  DataFacts facts;
  facts.kind = found.kind;
  facts.root = fs::absolute(found.root).lexically_normal();
  if (facts.root.size() > 1 && facts.root.back() == '/') facts.root.pop_back();
  facts.description = found.set->Description();
  facts.images = found.set->size();
  facts.splits = found.set->splits();
  facts.classes = found.set->classes();
  const Evaluation evaluation = found.set->evaluation();
  facts.judged_on = JudgedOn(evaluation);
  facts.why_not_judged = evaluation.why_not;
  facts.sides = LookAtImages(*found.set);
  return facts;
}

HostFacts FactsOfHost() {
  HostFacts host;
  host.cpu = ReadCpuLimits();
  const GpuFacts gpu = ReadGpuFacts("auto");
  if (gpu.trouble.empty()) {
    host.gpu = gpu.name;
    host.gpu_bytes = gpu.total_bytes.value_or(0);
  } else if (gpu.is_there) {
    host.gpu_trouble = gpu.trouble;
  }
  return host;
}

void CheckOut(const InitRequest& request) {
  std::error_code ignored;
  if (fs::is_directory(request.out, ignored)) {
    throw ConfigError(PrintableName(request.out) +
                      " is a folder: name the file to write, such as " +
                      PrintableName((fs::path(request.out) / "flowtrain.yaml").string()));
  }
  if (!request.force && fs::exists(request.out, ignored)) {
    throw ConfigError(PrintableName(request.out) +
                      " is there already; --force writes over it, --out names another file");
  }
}

void Tell(const DataFacts& data, const HostFacts& host, const StarterValues& values,
          const InitRequest& request, std::ostream& out) {
  const std::string config = " --config " + PathWord(request.out);
  out << data.description << '\n'
      << DescribeSides(data.sides) << ": views of " << values.image_size << " pixels\n"
      << DescribeHost(host) << ": as " << values.file << ", ";
  if (values.auto_accumulation) {
    out << "steps of " << values.effective_batch() << " images, as many at a time as fit\n";
  } else {
    out << "batches of " << values.batch_size << ", " << values.accumulation << " a step\n";
  }
  if (values.batch_size < values.full_batch_size) {
    out << "batches are smaller than the " << values.full_batch_size
        << " of that file, since there are " << ShowCount(data.images, "image") << '\n';
  }
  out << PrintableName(request.out) << " is written. Next:\n"
      << "  flowtrain doctor" << config << '\n'
      << "  flowtrain preview graphs/simclr.yaml" << config << '\n'
      << "  flowtrain graphs/simclr.yaml" << config << '\n';
}

// Throws ConfigError, DataError.
ExitCode Init(const InitRequest& request, std::ostream& out) {
  CheckOut(request);
  const FoundData found = FindData(request.data);
  for (const std::string& note : found.set->Notes()) LogWarning(note);
  const DataFacts data = FactsOf(found);
  if (data.sides.bad > 0) {
    LogWarning(data.sides.first_bad + "; flowtrain check " + PathWord(found.root) +
               " looks at every image");
  }
  const HostFacts host = FactsOfHost();
  if (!host.gpu_trouble.empty()) {
    LogWarning("there is a GPU that cannot be used (" + host.gpu_trouble +
               "): the file is for the CPU; once flowtrain doctor is content, write it again");
  }
  const StarterValues values = ChooseValues(data, host);
  const std::string text =
      StarterFile(data, host, values, "flowtrain init " + PathWord(request.data.place));
  TryOutput(request.out);
  WriteNewFile(request.out, std::string_view(text));
  Tell(data, host, values, request, out);
  return ExitCode::kDone;
}

// The kinds that a place can have.
std::vector<std::string> KindNames() {
  std::vector<std::string> names = NamesOf(DatasetKinds()).names;
  std::erase(names, ChoiceName(DatasetKinds(), DatasetKind::kSample));
  return names;
}

}  // namespace

Command AddInit(CLI::App& app) {
  const auto request = std::make_shared<InitRequest>();
  CLI::App* init = app.add_subcommand(
      "init", "Write a configuration to begin with, for your images and this machine");
  TakesPath(init->add_option("DIR", request->data.place,
                             "Folder of the data set, or its file; without it this folder"));
  TakesPath(init->add_option("--out", request->out, "File to write (.yaml)"))
      ->type_name("FILE")
      ->capture_default_str();
  init->add_option("--kind", request->kind, "Which data set, where a folder holds several")
      ->check(CLI::IsMember(KindNames()));
  init->add_option("--splits", request->data.splits,
                   "Splits to train on, with commas in between; without it train and unlabeled")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("NAMES");
  init->add_flag("--force", request->force, "Write over a file that is there");
  return {init, [request](StopSignals&) {
            if (!request->kind.empty()) {
              request->data.kind = ChoiceValue(DatasetKinds(), request->kind);
            }
            return Init(*request, std::cout);
          }};
}

}  // namespace flowtrain
