#include "nodes/distributed/rank_faults.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "pipeline/base/text/first_line.h"

namespace flowtrain {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
constexpr milliseconds kBeat(1000), kLook(50), kTwoBeats(2500), kPatience(4000);

std::string BeatOf(int rank) { return "beat/" + std::to_string(rank); }
constexpr char kStop[] = "stop";
std::string FailureOf(int rank) { return "failed/" + std::to_string(rank); }

// "rank 2", "ranks 2 and 3", "ranks 1, 2 and 3"
std::string Named(const std::vector<int>& ranks) {
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (i > 0) text += i + 1 == ranks.size() ? " and " : ", ";
    text += std::to_string(ranks[i]);
  }
  return text;
}

std::vector<std::optional<std::string>> Beats(RankStore& store, int ranks) {
  std::vector<std::optional<std::string>> beats;
  beats.reserve(static_cast<size_t>(ranks));
  for (int rank = 0; rank < ranks; ++rank) beats.push_back(store.TryGet(BeatOf(rank)));
  return beats;
}

// Empty: nobody has told, and all hearts beat.
std::string LookAround(RankStore& store, int self, int ranks) {
  const auto before = Beats(store, ranks);
  for (const auto end = Clock::now() + kTwoBeats; Clock::now() < end;) {
    for (int rank = 0; rank < ranks; ++rank) {
      const auto why = rank == self ? std::nullopt : store.TryGet(FailureOf(rank));
      if (why) return "rank " + std::to_string(rank) + " has failed: " + *why;
    }
    std::this_thread::sleep_for(kLook);
  }
  const auto now = Beats(store, ranks);
  std::vector<int> silent;
  for (int rank = 0; rank < ranks; ++rank) {
    const auto r = static_cast<size_t>(rank);
    if (rank != self && now[r] == before[r]) silent.push_back(rank);
  }
  if (silent.empty()) return {};
  return Named(silent) + (silent.size() == 1 ? " has" : " have") +
         " ended or been stopped without a word, or cannot be reached over the network; " +
         (silent.size() == 1 ? "its" : "their") + " own output, or the system's log, may say why";
}

// Looks from time to time whether the hearts of the ranks from 1 on beat.
class Hearts {
 public:
  Hearts(int ranks, double silence_s)
      : heard_(static_cast<size_t>(std::max(0, ranks)), {std::nullopt, Clock::now()}),
        silence_(silence_s) {}

  // False once one of them has not for too long.
  bool Beat(RankStore& store) {
    const auto now = Clock::now();
    for (size_t rank = 1; rank < heard_.size(); ++rank) {
      auto& [last, at] = heard_[rank];
      auto beat = store.TryGet(BeatOf(static_cast<int>(rank)));
      if (beat == last && now - at > silence_) return false;
      if (beat != last) at = now;
      last = std::move(beat);
    }
    return true;
  }

 private:
  std::vector<std::pair<std::optional<std::string>, Clock::time_point>> heard_;
  const std::chrono::duration<double> silence_;
};

}  // namespace

Heartbeat::Heartbeat(const RankStore& store, int rank, int ranks, double silence_s)
    : state_(std::make_shared<State>()) {
  // Never joined where the store no longer answers.
  std::thread([state = state_, copy = store.Copy(), key = BeatOf(rank),
               others = Hearts(rank == 0 ? ranks : 0, silence_s)]() mutable {
    try {
      for (uint64_t beat = 0; !state->stop.load(); ++beat) {
        copy.Set(key, std::to_string(beat) + ' ' + std::to_string(state->calls.load()));
        if (!others.Beat(copy)) copy.Set(kStop, "1");
        if (!state->asked.load() && copy.TryGet(kStop)) state->asked.store(true);
        for (milliseconds slept(0); slept < kBeat && !state->stop.load(); slept += kLook) {
          if (state->ask.load() && !state->asked.exchange(true)) copy.Set(kStop, "1");
          std::this_thread::sleep_for(kLook);
        }
      }
    } catch (const std::exception&) {
      // The server is gone: the next collective call says so.
      state->asked.store(true);
    }
    state->ended.store(true);
  }).detach();
}

Heartbeat::~Heartbeat() {
  state_->stop.store(true);
  for (int look = 0; look < 10 && !state_->ended.load(); ++look) std::this_thread::sleep_for(kLook);
}

void TellOfFailure(RankStore& store, int rank, const std::string& why) {
  try {
    store.Set(FailureOf(rank), FirstLine(why));
    store.Set(kStop, "1");
  } catch (const std::exception&) {
    // They will find out.
  }
}

bool HasToldOfFailure(RankStore& store, int rank) {
  return store.TryGet(FailureOf(rank)).has_value();
}

std::string WhoIsLost(const RankStore& store, int rank, int ranks) {
  // Rank 0 keeps the store, so it is not another one that is silent there.
  const std::string silent =
      rank == 0
          ? "the store that this rank keeps for all does not answer: the machine has too much "
            "to do, or the process was stopped for a while"
          : "rank 0 no longer answers";
  // On a thread of its own: a server that was stopped never answers.
  auto promise = std::make_shared<std::promise<std::string>>();
  std::future<std::string> found = promise->get_future();
  std::thread([promise, copy = store, rank, ranks, silent]() mutable {
    try {
      promise->set_value(LookAround(copy, rank, ranks));
    } catch (const std::exception&) {
      promise->set_value(silent);
    }
  }).detach();
  const bool answered = found.wait_for(kPatience) == std::future_status::ready;
  return answered ? found.get() : silent;
}

std::string WhyLost(const RankStore& store, int rank, int ranks, const std::string& error) {
  if (ranks == 1) return FirstLine(error);
  const std::string why = WhoIsLost(store, rank, ranks);
  if (!why.empty()) return why;
  return "a call that all ranks make together failed although all of them live (" +
         FirstLine(error) + "): one of them may be slower than distributed.timeout_s allows";
}

bool AwaitKeyOf(const RankStore& store, int rank, const std::string& key, double timeout_s) {
  struct Seen {
    std::atomic<bool> there{false}, failed{false}, stop{false};
    std::atomic<uint64_t> beats{0};
  };
  const auto seen = std::make_shared<Seen>();
  std::thread([seen, copy = store, rank, key]() mutable {
    std::optional<std::string> beat;
    try {
      while (!seen->stop.load()) {
        if (copy.TryGet(key)) return seen->there.store(true);
        if (copy.TryGet(FailureOf(rank))) return seen->failed.store(true);
        auto now = copy.TryGet(BeatOf(rank));
        if (now != beat) seen->beats.fetch_add(1);
        beat = std::move(now);
        std::this_thread::sleep_for(kLook);
      }
    } catch (const std::exception&) {
      seen->failed.store(true);
    }
  }).detach();
  const auto timeout = std::chrono::duration<double>(timeout_s);
  uint64_t beats = 0;
  auto heard = Clock::now();
  while (!seen->there.load() && !seen->failed.load() && Clock::now() - heard < timeout) {
    if (seen->beats.load() != beats) {
      beats = seen->beats.load();
      heard = Clock::now();
    }
    std::this_thread::sleep_for(milliseconds(5));
  }
  seen->stop.store(true);
  return seen->there.load();
}

}  // namespace flowtrain
