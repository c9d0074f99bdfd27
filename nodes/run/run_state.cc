#include "nodes/run/run_state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>

#include "nodes/run/write_file.h"

namespace flowtrain {

void WriteRunState(const std::string& folder, const RunState& state) {
  nlohmann::ordered_json json;
  json["state"] = state.state;
  json["total_steps"] = state.total_steps;
  json["started_s"] = state.started_s;
  WriteFile(folder + "/state.json", json.dump() + '\n');
}

std::optional<RunState> ReadRunState(const std::string& folder) {
  std::ifstream in(folder + "/state.json");
  const nlohmann::json json = nlohmann::json::parse(in, nullptr, false);
  if (!json.is_object()) return {};
  const auto state = json.find("state"), total = json.find("total_steps"),
             started = json.find("started_s");
  if (state == json.end() || !state->is_string()) return {};
  RunState read{state->get<std::string>(), 0, 0};
  if (total != json.end() && total->is_number_unsigned()) read.total_steps = *total;
  if (started != json.end() && started->is_number_integer()) read.started_s = *started;
  return read;
}

bool FolderInUse(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool held = ::flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  ::close(descriptor);
  return held;
}

}  // namespace flowtrain
