// The small texts by which ranks find each other and tell each other what happened.
#pragma once

#include <c10/util/intrusive_ptr.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "nodes/distributed/launch/launch.h"

namespace flowtrain {

// The end of so many seconds that begin now.
std::chrono::steady_clock::time_point DeadlineIn(double seconds);

// libtorch's key-value store, which rank 0 (or torchrun) serves over TCP. Thread-safe, but a call
// waits for the one before; a thread of its own takes a copy. Calls throw where the server does not
// answer.
class RankStore {
 public:
  // Rank 0 serves it, on `own_address` alone. Throws ConfigError where the port is taken or the
  // others' server does not answer within the time.
  RankStore(const Launch& launch, const std::string& own_address, double timeout_s);

  // Of a process that is the only rank.
  static RankStore OfOneProcess();

  RankStore Copy() const;  // with a connection of its own
  void Set(const std::string& key, const std::string& text);
  std::optional<std::string> TryGet(const std::string& key);
  // The text of the key, once it is there; empty after `end`, or where `in_vain` says so.
  std::optional<std::string> Await(const std::string& key,
                                   std::chrono::steady_clock::time_point end,
                                   const std::function<bool()>& in_vain = {});
  // Adds to the number under the key, from 0, and returns the sum.
  int64_t Add(const std::string& key, int64_t number);

  const c10::intrusive_ptr<c10d::Store>& raw() const { return store_; }

 private:
  explicit RankStore(c10::intrusive_ptr<c10d::Store> store);

  c10::intrusive_ptr<c10d::Store> store_;
};

}  // namespace flowtrain
