// The exceptions that end a run, and the exit codes they map to. A bad sample is not an exception
// but an Outcome (see node.h).
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace flowtrain {

// Exit codes of the program.
enum class ExitCode : int {
  kDone = 0,          // ran to the end
  kFailed = 1,        // a node, the data or the machine failed
  kUsage = 2,         // bad command line, graph or configuration
  kInterrupted = 130  // stopped by a signal, after a checkpoint
};

// A place in a file. Lines and columns count from 1; line 0 means the whole file. For a value given
// on the command line `file` is "--set" or "--config".
struct Position {
  std::string file;
  int line = 0;
  int column = 0;

  std::string ToString() const;  // "graphs/simclr.yaml:12:5", or the file alone without a line
};

// One finding about a graph or a configuration.
struct Diagnostic {
  Position at;
  std::string message;

  std::string ToString() const;  // "graphs/simclr.yaml:12:5: unknown key …"
};

// A graph, a configuration or an option is wrong. Carries every finding of the file, not only the
// first. Maps to ExitCode::kUsage.
class ConfigError : public std::runtime_error {
 public:
  explicit ConfigError(std::vector<Diagnostic> diagnostics);
  explicit ConfigError(const std::string& message);

  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  std::vector<Diagnostic> diagnostics_;
};

// A node threw. Names the node, the packet it worked on and the cause.
class NodeError : public std::runtime_error {
 public:
  NodeError(const std::string& node, const std::string& packet, const std::string& cause);

  const std::string& node() const { return node_; }
  const std::string& packet() const { return packet_; }
  const std::string& cause() const { return cause_; }

 private:
  std::string node_, packet_, cause_;
};

// Thrown by a node on the device lane when the run cannot go on but what it has done so far is
// good: the window in progress and those after it are dropped, all nodes flush (so a checkpoint is
// written), and then the run fails with this as a NodeError.
class EndRun : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The graph came to rest with work unfinished: a pool is too small, or a node kept a packet.
class GraphStalled : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A signal ended work that leaves nothing half done. Maps to ExitCode::kInterrupted.
class Interrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The data set is missing, malformed, or has too many unreadable images.
class DataError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace flowtrain
