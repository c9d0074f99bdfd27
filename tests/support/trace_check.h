// Reads a Chrome trace strictly: finds what its viewers would drop or draw wrong.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace flowtrain {

class TraceCheck {
 public:
  // What is wrong with the file's content, one fault per line.
  static std::vector<std::string> Faults(const nlohmann::json& trace) {
    TraceCheck check;
    if (trace.at("displayTimeUnit") != "ns") check.faults_.push_back("the unit of display");
    for (const nlohmann::json& event : trace.at("traceEvents")) check.Read(event);
    check.CheckNames();
    check.CheckTracks();
    check.CheckArrows();
    return check.faults_;
  }

 private:
  using Track = std::pair<int64_t, int64_t>;  // process, thread
  struct Slice {
    int64_t begin, end;  // ns
  };
  struct ArrowEvent {
    std::string phase;
    Track track;
    int64_t at;  // ns
  };

  // Every time must be a whole number of nanoseconds from 0 on.
  int64_t Ns(const nlohmann::json& event, const char* key) {
    const double us = event.at(key).get<double>();
    const double ns = us * 1000;
    if (us < 0 || std::abs(ns - std::round(ns)) > 1e-3)
      faults_.push_back("time of " + event.dump());
    return std::llround(ns);
  }

  static Track TrackOf(const nlohmann::json& event) {
    return {event.at("pid").get<int64_t>(), event.at("tid").get<int64_t>()};
  }

  void Read(const nlohmann::json& event) {
    const std::string phase = event.at("ph");
    if (phase == "M") {
      ReadName(event);
    } else if (phase == "X") {
      const int64_t begin = Ns(event, "ts");
      slices_[TrackOf(event)].push_back({begin, begin + Ns(event, "dur")});
      if (event.at("name").get<std::string>().empty()) faults_.push_back("no name " + event.dump());
    } else if (phase == "C") {
      ReadCounter(event);
    } else if (phase == "s" || phase == "t" || phase == "f") {
      const std::string key = event.at("cat").get<std::string>() + '/' +
                              event.at("name").get<std::string>() + '/' + event.at("id").dump();
      arrows_[key].push_back({phase, TrackOf(event), Ns(event, "ts")});
      if (phase == "f" && event.value("bp", "") != "e") faults_.push_back("no bp: " + key);
    } else {
      faults_.push_back("phase of " + event.dump());
    }
  }

  void ReadName(const nlohmann::json& event) {
    if (event.at("name") == "thread_name") ++thread_names_[TrackOf(event)];
    if (event.at("name") == "process_name") ++process_names_[event.at("pid").get<int64_t>()];
  }

  void ReadCounter(const nlohmann::json& event) {
    const int64_t at = Ns(event, "ts");
    int64_t& last = counter_times_[event.at("name")];
    if (at < last) faults_.push_back("a counter goes back in time: " + event.dump());
    last = at;
    for (const auto& [name, value] : event.at("args").items()) {
      if (!value.is_number()) faults_.push_back("counter " + name + " is not a number");
    }
  }

  void CheckNames() {
    std::map<int64_t, Track> by_thread;
    for (const auto& [track, slices] : slices_) {
      if (thread_names_[track] != 1) faults_.push_back("a thread without one name");
      if (process_names_[track.first] != 1) faults_.push_back("a process without one name");
      // Perfetto identifies a thread by its number alone.
      if (track.second == 0 || !by_thread.emplace(track.second, track).second) {
        faults_.push_back("a thread's number twice, or 0");
      }
    }
  }

  // Slices of a thread are ordered by begin, and are nested or apart.
  void CheckTracks() {
    for (const auto& [track, slices] : slices_) {
      std::vector<int64_t> open;
      int64_t last = 0;
      for (const Slice& slice : slices) {
        if (slice.begin < last) faults_.push_back("a slice goes back in time");
        last = slice.begin;
        while (!open.empty() && open.back() <= slice.begin) open.pop_back();
        if (!open.empty() && slice.end > open.back()) faults_.push_back("slices overlap");
        open.push_back(slice.end);
      }
    }
  }

  bool InASlice(const ArrowEvent& event) const {
    const auto slices = slices_.find(event.track);
    return slices != slices_.end() &&
           std::any_of(slices->second.begin(), slices->second.end(), [&](const Slice& slice) {
             return slice.begin <= event.at && event.at < slice.end;
           });
  }

  // An arrow has one begin, one end, and times that do not go back; each of its points is in a
  // slice.
  void CheckArrows() {
    std::map<std::string, int> by_id;
    for (auto& [key, events] : arrows_) {
      if (++by_id[key.substr(key.rfind('/'))] > 1) faults_.push_back("an id of two arrows: " + key);
      std::stable_sort(events.begin(), events.end(),
                       [](const ArrowEvent& a, const ArrowEvent& b) { return a.at < b.at; });
      std::string phases;
      for (const ArrowEvent& event : events) {
        phases += event.phase;
        if (!InASlice(event)) faults_.push_back("an arrow outside of slices: " + key);
      }
      const bool ends = phases.size() >= 2 && phases.front() == 's' && phases.back() == 'f';
      if (!ends || phases.find_first_not_of('t', 1) != phases.size() - 1) {
        faults_.push_back("arrow " + key + " is " + phases);
      }
    }
  }

  std::vector<std::string> faults_;
  std::map<Track, std::vector<Slice>> slices_;
  std::map<Track, int> thread_names_;
  std::map<int64_t, int> process_names_;
  std::map<std::string, int64_t> counter_times_;
  std::map<std::string, std::vector<ArrowEvent>> arrows_;
};

}  // namespace flowtrain
