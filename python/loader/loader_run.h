// A loader's graph that runs in the background while a program takes its batches.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "nodes/lend/lent_batches.h"
#include "pipeline/runtime/gate.h"

namespace flowtrain {

// A call in a process that was forked from the loader's: the threads are not in it.
class ForkedError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Which loader.
struct LoaderRequest {
  std::string graph;       // file, relative to the working directory or else to `shipped`
  std::string shipped;     // folder of the graphs/ and configs/ that come with flowtrain
  std::string parameters;  // that override the graph's own: a YAML or JSON map of dotted keys
};

// What is known of an open loader.
struct LoaderFacts {
  int rows = 0;                    // of a batch
  std::vector<int> sides;          // of each view of a batch, pixels
  uint64_t images = 0;             // of the data set
  uint64_t batches_per_epoch = 0;  // for this process
  std::vector<int> windows;        // how many of these each optimiser step has
  int64_t seed = 0, rank = 0, world_size = 1, gradient_accumulation = 0;
  bool shuffle = true, drop_last = true;
  int workers = 1;       // threads
  int lent_batches = 0;  // that may be ready or held at a time
  std::vector<std::string> classes;
  std::string dataset;  // "STL-10, train + unlabeled: 105,000 images 96x96"
};

// Threads  one thread at a time may call the methods.
class LoaderRun {
 public:
  // Opens the graph and its data set; starts nothing. Throws ConfigError, also for a graph without
  // a LendBatch, and DataError.
  explicit LoaderRun(const LoaderRequest& request);
  // Ends the run. Batches that are lent stay good. In a forked child it leaves everything alone.
  ~LoaderRun();
  LoaderRun(const LoaderRun&) = delete;
  LoaderRun& operator=(const LoaderRun&) = delete;

  const LoaderFacts& facts() const;

  // The next batch taken is this one.
  void GoTo(uint64_t epoch, uint64_t batch);
  // The next batch, or nullptr if there is none within `seconds`; the first call starts the threads.
  // Throws what ended the run, std::runtime_error after Stop, ForkedError.
  std::shared_ptr<LentBatch> Take(double seconds);
  // Whether no batch can come before one that the caller holds goes home.
  bool AllAreLent() const;
  // The memory that all batches lie in, for as long as the loader lives.
  std::vector<LentMemory> Memory() const;
  // Figures of the nodes since the threads started, in the order of the flow; empty before. Any
  // thread.
  std::vector<NodeCounters> Nodes() const;
  // Ends the run and waits for its threads.
  void Stop();

 private:
  class Impl;
  Impl* impl_;  // not owned by a unique_ptr: a forked child must leave it alone
};

}  // namespace flowtrain
