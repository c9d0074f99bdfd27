// What the run-time runners of a graph share. Internal to the engine.
#pragma once

#include <exception>
#include <string>

#include "pipeline/base/error.h"
#include "pipeline/node/node.h"
#include "pipeline/node/packet.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/lane.h"
#include "pipeline/runtime/pool.h"

namespace flowtrain::internal {

struct RunnerEnv {
  RunControl& run;
  Lane& lane;
  Pool<Sample>& samples;
  Pool<Batch>& batches;
  Pool<Step>& steps;
};

// Runs `call` unless the run was aborted. What it throws fails the run as a NodeError (an error
// that the program maps to an exit code of its own passes unchanged); an EndRun ends it.
template <typename Call>
void Guarded(RunnerEnv& env, const std::string& node, const Packet& packet, Call&& call) {
  if (env.run.aborted()) return;
  try {
    call();
  } catch (const DataError&) {
    env.run.Fail(std::current_exception());
  } catch (const EndRun& end) {
    env.run.EndWith(std::make_exception_ptr(NodeError(node, Describe(packet), end.what())));
  } catch (const std::exception& error) {
    env.run.Fail(std::make_exception_ptr(NodeError(node, Describe(packet), error.what())));
  } catch (...) {
    env.run.Fail(std::make_exception_ptr(NodeError(node, Describe(packet), "unknown exception")));
  }
}

}  // namespace flowtrain::internal
