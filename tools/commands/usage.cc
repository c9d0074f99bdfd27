#include "tools/commands/usage.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>

#include "nodes/distributed/launch/launch.h"
#include "pipeline/base/error.h"
#include "pipeline/base/text/shell_word.h"
#include "pipeline/base/text/suggest.h"
#include "pipeline/config/config.h"
#include "pipeline/graph/graph_file.h"
#include "tools/load/find_file.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr char kExample[] = "graphs/simclr.yaml";

// Those that several processes at a time may not do: they would measure each other, or write the
// same files.
constexpr std::array<std::string_view, 11> kOfOneProcess = {
    "compare", "bench",  "pack",    "fetch",  "init", "new-node",
    "check",   "export", "preview", "report", "runs"};

// The command that was named last, or the app itself.
const CLI::App& CommandOf(const CLI::App& app) {
  const auto named = app.get_subcommands();
  return named.empty() ? app : CommandOf(*named.front());
}

// "flowtrain timing"
std::string NameOf(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return (parent == nullptr ? "" : NameOf(*parent) + ' ') + command.get_name();
}

std::string FirstValue(const CLI::App& command, const std::string& option) {
  const CLI::Option* found = command.get_option_no_throw(option);
  return found == nullptr || found->results().empty() ? "" : found->results().front();
}

std::string GraphOf(const CLI::App& command) {
  for (const char* name : {"GRAPH", "GRAPH|RUN"}) {
    if (std::string graph = FirstValue(command, name); !graph.empty()) return graph;
  }
  return {};
}

bool IsThere(const std::string& name) {
  std::error_code error;
  return fs::exists(name, error) ||
         (!ShippedFolder().empty() && fs::exists(fs::path(ShippedFolder()) / name, error));
}

bool IsYaml(const std::string& name) {
  const fs::path ending = fs::path(name).extension();
  return ending == ".yaml" || ending == ".yml";
}

// Every parameter of the graph, or of those that ship.
std::vector<std::string> ParametersOf(const std::string& graph) {
  try {
    return DefaultParameters(
               ReadGraphFile(FindShippedFile(IsYaml(graph) ? graph : kExample), ShippedFolder()))
        .Keys();
  } catch (const std::exception&) {
    return {};
  }
}

std::string LastPart(const std::string& key) { return key.substr(key.rfind('.') + 1); }

// The parameter of that key, or whose key ends so: "epochs", "batch-size", "train.epochs".
std::string ParameterNamed(std::string word, const std::vector<std::string>& keys) {
  std::replace(word.begin(), word.end(), '-', '_');
  if (word == "lr") word = "learning_rate";
  for (const std::string& key : keys) {
    if (key == word || LastPart(key) == word) return key;
  }
  return {};
}

std::string ParameterNear(const std::string& word, const std::vector<std::string>& keys) {
  std::vector<std::string> names = keys;
  for (const std::string& key : keys) names.push_back(LastPart(key));
  return ParameterNamed(Nearest(word, names), keys);
}

std::vector<std::string> OptionsOf(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

// What other programs call the commands.
std::string SynonymOf(const std::string& word) {
  static const std::map<std::string, std::string> kMeant = {
      {"fit", "train"},      {"run", "train"},       {"start", "train"},  {"learn", "train"},
      {"pretrain", "train"}, {"check", "validate"},  {"show", "inspect"}, {"profile", "timing"},
      {"time", "timing"},    {"benchmark", "bench"}, {"info", "inspect"}, {"convert", "export"},
      {"checksum", "digest"}};
  const auto found = kMeant.find(word);
  return found == kMeant.end() ? "" : found->second;
}

// What is done here with a graph, and what other programs have commands for; empty: nothing.
std::string GraphInPlaceOf(const std::string& word, const std::vector<std::string>& arguments) {
  const bool resumes = word == "resume" || word == "continue";
  const bool judges = word == "evaluate" || word == "eval" || word == "test" || word == "knn" ||
                      word == "probe" || word == "embed";
  if (!resumes && !judges) return {};
  const auto named = std::find_if(arguments.begin(), arguments.end(), [&](const auto& argument) {
    return argument != word && argument[0] != '-' && !IsYaml(argument);
  });
  const std::string run = named == arguments.end() ? "RUN" : *named;
  if (resumes) return CommandLineOf({kExample, "--resume", run});
  const std::string graph = word == "probe"   ? "graphs/linear_probe.yaml"
                            : word == "embed" ? "graphs/embed.yaml"
                                              : "graphs/knn.yaml";
  return CommandLineOf({graph, "--set", "checkpoint=" + run});
}

// A word where a command or a graph belongs, and which is neither.
std::optional<std::string> ExplainWord(const CLI::App& app, const std::string& word,
                                       const std::vector<std::string>& arguments) {
  const bool is_word = !word.empty() && word.find_first_of("./") == std::string::npos;
  if (!is_word || IsThere(word) || IsThere("graphs/" + word + ".yaml")) return std::nullopt;
  const std::vector<std::string> commands = CommandNames(app);
  const std::string what = "there is no command and no graph '" + word + "'";
  if (const std::string graph = GraphInPlaceOf(word, arguments); !graph.empty()) {
    return what + "; did you mean: " + graph;
  }
  std::string meant = SynonymOf(word);
  if (meant.empty()) meant = Nearest(word, commands);
  if (meant.empty()) return what + "; the commands are " + JoinNames(commands);
  std::vector<std::string> corrected = arguments;
  std::replace(corrected.begin(), corrected.end(), word, meant);
  if (corrected.size() == 1) corrected.emplace_back(kExample);
  return what + "; did you mean: " + CommandLineOf(corrected);
}

// The long option that a letter may stand for: "--config" for "-c"; empty for none.
std::string LongOptionOf(const CLI::App& command, const std::string& option) {
  if (option.size() != 2) return {};
  const std::vector<std::string> names = OptionsOf(command);
  const auto found = std::find_if(names.begin(), names.end(), [&](const std::string& name) {
    return name.compare(2, 1, option, 1, 1) == 0;
  });
  return found == names.end() ? "" : *found;
}

std::string ExplainOption(const CLI::App& command, const std::vector<std::string>& words) {
  const size_t equals = words[0].find('=');
  const std::string option = words[0].substr(0, equals);
  std::string value = equals == std::string::npos ? "" : words[0].substr(equals + 1);
  if (value.empty() && words.size() > 1 && words[1].rfind('-', 0) != 0) value = words[1];
  const std::string what = NameOf(command) + " has no option " + option;
  const std::string name = option.substr(std::min(option.find_first_not_of('-'), option.size()));
  std::vector<std::string> keys;
  if (command.get_option_no_throw("--set") != nullptr) keys = ParametersOf(GraphOf(command));
  std::string parameter = ParameterNamed(name, keys);
  if (parameter.empty()) {
    std::string nearest = LongOptionOf(command, option);
    if (nearest.empty()) nearest = Nearest(option, OptionsOf(command));
    if (!nearest.empty()) return what + "; did you mean " + nearest + "?";
    parameter = ParameterNear(name, keys);
  }
  if (!parameter.empty()) {
    return what + "; it is a parameter: --set " +
           ShellWord(parameter + '=' + (value.empty() ? "VALUE" : value));
  }
  return what + "; it has " + JoinNames(OptionsOf(command));
}

std::string ExplainExtra(const CLI::App& app, const std::vector<std::string>& words,
                         const std::vector<std::string>& arguments) {
  const CLI::App& command = CommandOf(app);
  const auto extra = std::find(arguments.begin(), arguments.end(), words.front());
  const bool is_its_value = words.front().rfind('-', 0) == 0 && extra != arguments.end() &&
                            extra + 1 != arguments.end() && extra[1] == GraphOf(app);
  if (&command == &app && !is_its_value) {
    if (const auto word = ExplainWord(app, GraphOf(app), arguments)) return *word;
  }
  const std::string& first = words.front();
  if (first.rfind('-', 0) == 0) return ExplainOption(command, words);
  if (const CLI::Option* set = command.get_option_no_throw("--set")) {
    for (const std::string& text : set->results()) {
      if (text.find('=') != std::string::npos) continue;
      std::string assignment = text;
      assignment.append(1, '=').append(first);
      return "--set takes KEY=VALUE as one word: --set " + ShellWord(assignment);
    }
    const std::string key = first.substr(0, first.find('='));
    const std::vector<std::string> keys = ParametersOf(GraphOf(command));
    if (key != first && std::find(keys.begin(), keys.end(), key) != keys.end()) {
      return "parameters are given with --set: --set " + ShellWord(first);
    }
  }
  return NameOf(command) + " takes no further argument: " + ShellWord(first) + " is one too many";
}

// An option without its value, or with two.
std::string ExplainValues(const CLI::App& command, const std::string& message) {
  const std::string name = message.substr(0, message.find(':'));
  const CLI::Option* option = command.get_option_no_throw(name);
  if (option == nullptr) return message;
  if (option->count() <= 1) return name + " needs a value: " + name + ' ' + option->get_type_name();
  return name + " is given " + std::to_string(option->count()) + " times, and takes one value";
}

// The graph may have been taken for the value of an option before it.
std::string ExplainNoGraph(const CLI::App& command, std::vector<std::string> arguments) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0 || option->get_lnames().empty()) continue;
    const std::string name = "--" + option->get_lnames().front();
    if (name == "--config" || name == "--set") continue;
    for (const std::string& value : option->results()) {
      if (!IsYaml(value) || !IsThere(value)) continue;
      std::string text = name;
      text.append(" took ").append(value).append(" for its own value; the graph comes first: ");
      text.append(NameOf(command)).append(1, ' ').append(ShellWord(value));
      return text.append(1, ' ').append(name);
    }
  }
  auto place = arguments.begin();  // after the words of the command
  for (const CLI::App* app = &command; app->get_parent() != nullptr; app = app->get_parent()) {
    ++place;
  }
  arguments.insert(place, kExample);
  return "no graph was given; try: " + CommandLineOf(arguments) + " (" + NameOf(command) +
         " --help)";
}

// An option, or a graph, that stands before a command, which knows nothing of it.
void RefuseBeforeCommand(const CLI::App& app) {
  const auto named = app.get_subcommands();
  if (named.empty()) return;
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0) continue;
    const std::string what =
        option->get_lnames().empty() ? option->results().front() : "--" + option->get_lnames()[0];
    throw ConfigError(what + " stands before " + named.front()->get_name() +
                      ", which would ignore it; the command comes first: " +
                      NameOf(*named.front()) + ' ' + ShellWord(what));
  }
  RefuseBeforeCommand(*named.front());
}

// Of an option that may stand without a value, an empty one would count as none.
void RefuseEmptyValues(const CLI::App& command, const std::vector<std::string>& arguments) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0 || option->get_expected_max() != 1 || option->get_lnames().empty()) {
      continue;
    }
    const std::string name = "--" + option->get_lnames().front();
    for (size_t i = 0; i < arguments.size(); ++i) {
      const bool is_next = i + 1 < arguments.size() && arguments[i + 1].empty();
      if (arguments[i] == name + '=' || (arguments[i] == name && is_next)) {
        throw ConfigError(name + ": the path is empty (" + NameOf(command) + " --help)");
      }
    }
  }
}

void RefuseSeveralProcesses(const CLI::App& app) {
  const auto named = app.get_subcommands();
  if (named.empty()) return;
  const std::string name = named.front()->get_name();
  if (std::find(kOfOneProcess.begin(), kOfOneProcess.end(), name) == kOfOneProcess.end()) return;
  const Launch launch = ReadLaunch(ProcessEnvironment());
  if (launch.ranks == 1) return;
  throw ConfigError("flowtrain " + name + " runs as one process, but " + launch.ranks_variable +
                    " says that this is one of " + std::to_string(launch.ranks) +
                    ": start it without torchrun, srun or mpirun");
}

}  // namespace

std::string CommandLineOf(const std::vector<std::string>& arguments) {
  std::string line = "flowtrain";
  for (const std::string& argument : arguments) line += ' ' + ShellWord(argument);
  return line;
}

std::string ExplainUsage(const CLI::App& app, const CLI::ParseError& error,
                         const std::vector<std::string>& arguments) {
  const CLI::App& command = CommandOf(app);
  const std::vector<std::string> extra = app.remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !extra.empty()) {
    return ExplainExtra(app, extra, arguments);
  }
  std::string what = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    what = ExplainValues(command, what);
  }
  return what + " (" + NameOf(command) + " --help)";
}

void CheckUsage(const CLI::App& app, const std::vector<std::string>& arguments) {
  RefuseBeforeCommand(app);
  RefuseSeveralProcesses(app);
  const CLI::App& command = CommandOf(app);
  RefuseEmptyValues(command, arguments);
  const bool takes_graph = command.get_option_no_throw("GRAPH") != nullptr ||
                           command.get_option_no_throw("GRAPH|RUN") != nullptr;
  if (takes_graph && GraphOf(command).empty()) {
    throw ConfigError(ExplainNoGraph(command, arguments));
  }
  if (&command != &app) return;
  if (const auto word = ExplainWord(app, GraphOf(app), arguments)) throw ConfigError(*word);
}

}  // namespace flowtrain
