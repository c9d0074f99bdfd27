// What a command line that cannot be understood was meant to be.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace flowtrain {

// The program's arguments as one line to copy into a shell: "flowtrain graphs/simclr.yaml --set …".
std::string CommandLineOf(const std::vector<std::string>& arguments);

// What to say of an error of CLI11: what is wrong, and the words that would be right.
std::string ExplainUsage(const CLI::App& app, const CLI::ParseError& error,
                         const std::vector<std::string>& arguments);

// Throws ConfigError for what CLI11 lets pass: options before the command, which would be ignored;
// a word that is not a command and no graph; no graph; one of several processes of a command that
// takes one.
void CheckUsage(const CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace flowtrain
