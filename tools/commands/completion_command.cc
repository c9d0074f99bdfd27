// `flowtrain completion`: a script with which a shell completes the command line. It is made from
// the command line's own declaration.

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/base/error.h"
#include "pipeline/config/config.h"
#include "pipeline/graph/graph_file.h"
#include "pipeline/node/registry.h"
#include "tools/commands/commands.h"
#include "tools/load/find_file.h"

namespace flowtrain {
namespace {

struct OptionWords {
  std::string name, description;  // "--set"
  bool takes_value;
};

struct CommandWords {
  std::string name, description;  // name: empty for the program itself
  std::vector<OptionWords> options;
};

CommandWords WordsOf(const CLI::App& app, bool is_program) {
  CommandWords words{is_program ? "" : app.get_name(), app.get_description(), {}};
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      words.options.push_back(
          {"--" + name, option->get_description(), option->get_items_expected_max() > 0});
    }
  }
  return words;
}

// The program itself first.
std::vector<CommandWords> AllCommands(const CLI::App& app) {
  std::vector<CommandWords> commands = {WordsOf(app, true)};
  for (const CLI::App* command : app.get_subcommands({})) {
    commands.push_back(WordsOf(*command, false));
  }
  return commands;
}

// "data.batch_size=", of every parameter of the graphs that ship.
std::string ParameterWords() {
  std::string words;
  for (const char* graph : {"graphs/simclr.yaml", "graphs/knn.yaml", "graphs/linear_probe.yaml"}) {
    const Config config = DefaultParameters(ReadGraphFile(FindShippedFile(graph), ShippedFolder()));
    for (const std::string& key : config.Keys()) {
      if (words.find(key + '=') == std::string::npos) words += key + "= ";
    }
  }
  return words;
}

std::string TypeWords() {
  std::string words;
  for (const auto& [name, type] : Registry::Global().types()) words += name + ' ';
  return words;
}

std::string OptionNames(const CommandWords& command) {
  std::string names;
  for (const OptionWords& option : command.options) names += option.name + ' ';
  return names;
}

// The first sentence, without what a shell would read: quotes, brackets and colons.
std::string Plain(const std::string& description) {
  std::string text = description.substr(0, description.find(';'));
  std::erase_if(text, [](char c) {
    return std::string_view("'\"`[]:$\\").find(c) != std::string_view::npos;
  });
  return text;
}

void WriteBash(const std::vector<CommandWords>& commands, std::ostream& out) {
  std::string names;
  for (const CommandWords& command : commands) {
    if (!command.name.empty()) names += command.name + ' ';
  }
  out << "# Completion of flowtrain for bash: source <(flowtrain completion bash)\n"
      << "_flowtrain() {\n"
      << "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= "
         "options= each\n"
      << "  for each in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      << "    [[ \" " << names << "\" == *\" $each \"* ]] && command=$each && break\n"
      << "  done\n"
      << "  if [[ $before == --set ]]; then\n"
      << "    mapfile -t COMPREPLY < <(compgen -W '" << ParameterWords() << "' -- \"$word\")\n"
      << "    compopt -o nospace\n"
      << "    return\n"
      << "  fi\n"
      << "  case $command in\n";
  for (const CommandWords& command : commands) {
    out << "    " << (command.name.empty() ? "''" : command.name) << ") options='"
        << OptionNames(command) << "' ;;\n";
  }
  out << "  esac\n"
      << "  if [[ $word == -* ]]; then\n"
      << "    mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
      << "  elif [[ $command == nodes && $before == nodes ]]; then\n"
      << "    mapfile -t COMPREPLY < <(compgen -W '" << TypeWords() << "' -- \"$word\")\n"
      << "  elif [[ -z $command && $COMP_CWORD == 1 ]]; then\n"
      << "    mapfile -t COMPREPLY < <(compgen -W '" << names
      << "' -- \"$word\"; compgen -f -- \"$word\")\n"
      << "    compopt -o filenames\n"
      << "  fi\n"
      << "}\n"
      << "complete -o default -F _flowtrain flowtrain\n";
}

void WriteZsh(const std::vector<CommandWords>& commands, std::ostream& out) {
  out << "#compdef flowtrain\n"
      << "# Completion of flowtrain for zsh: flowtrain completion zsh > ~/.zfunc/_flowtrain, with\n"
      << "# fpath+=(~/.zfunc) before compinit in ~/.zshrc.\n"
      << "_flowtrain() {\n"
      << "  local -a commands parameters types\n"
      << "  commands=(\n";
  for (const CommandWords& command : commands) {
    if (command.name.empty()) continue;
    out << "    '" << command.name << ':' << Plain(command.description) << "'\n";
  }
  out << "  )\n"
      << "  parameters=(" << ParameterWords() << ")\n"
      << "  types=(" << TypeWords() << ")\n"
      << "  if [[ ${words[CURRENT-1]} == --set ]]; then\n"
      << "    compadd -S '' -a parameters\n"
      << "    return\n"
      << "  fi\n"
      << "  if (( CURRENT == 2 )) && [[ ${words[2]} != -* ]]; then\n"
      << "    _describe command commands\n"
      << "    _files\n"
      << "    return\n"
      << "  fi\n"
      << "  case ${words[2]} in\n";
  const auto arguments = [&out](const CommandWords& command) {
    out << "_arguments -S";
    for (const OptionWords& option : command.options) {
      out << " \\\n        '*" << option.name << '[' << Plain(option.description) << ']'
          << (option.takes_value ? ":value:_files'" : "'");
    }
    out << " \\\n        '*:file:" << (command.name == "nodes" ? "compadd -a types" : "_files")
        << "'";
  };
  for (const CommandWords& command : commands) {
    if (command.name.empty()) continue;
    out << "    " << command.name << ")\n      ";
    arguments(command);
    out << " ;;\n";
  }
  out << "    *)\n      ";
  arguments(commands.front());
  out << " ;;\n  esac\n}\n"
      << "if [[ ${funcstack[1]} == _flowtrain ]]; then _flowtrain \"$@\"; else compdef _flowtrain "
         "flowtrain; fi\n";
}

void WriteFish(const std::vector<CommandWords>& commands, std::ostream& out) {
  out << "# Completion of flowtrain for fish: flowtrain completion fish > "
         "~/.config/fish/completions/flowtrain.fish\n";
  for (const CommandWords& command : commands) {
    const std::string where = command.name.empty() ? "__fish_use_subcommand"
                                                   : "__fish_seen_subcommand_from " + command.name;
    if (!command.name.empty()) {
      out << "complete -c flowtrain -n __fish_use_subcommand -a " << command.name << " -d '"
          << Plain(command.description) << "'\n";
    }
    for (const OptionWords& option : command.options) {
      out << "complete -c flowtrain -n '" << where << "' -l " << option.name.substr(2) << " -d '"
          << Plain(option.description) << '\'' << (option.takes_value ? " -r" : "") << '\n';
    }
  }
  out << "complete -c flowtrain -n '__fish_prev_arg_in --set' -f -a '" << ParameterWords() << "'\n"
      << "complete -c flowtrain -n '__fish_seen_subcommand_from nodes' -f -a '" << TypeWords()
      << "'\n";
}

}  // namespace

Command AddCompletion(CLI::App& app) {
  CLI::App* completion =
      app.add_subcommand("completion", "Print a script with which a shell completes commands");
  const auto shell = std::make_shared<std::string>();
  completion->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return {completion, [shell, &app](StopSignals&) {
            const std::vector<CommandWords> commands = AllCommands(app);
            if (*shell == "bash") WriteBash(commands, std::cout);
            if (*shell == "zsh") WriteZsh(commands, std::cout);
            if (*shell == "fish") WriteFish(commands, std::cout);
            return ExitCode::kDone;
          }};
}

}  // namespace flowtrain
