#include "tools/timing/chrome_trace.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "pipeline/base/error.h"
#include "pipeline/base/files/new_file.h"
#include "tools/timing/trace_flows.h"

namespace flowtrain {
namespace {

constexpr int kProgram = 1, kDevice = 2;  // process numbers
// Thread numbers begin here: Perfetto takes 0 for an idle processor, and a thread that has the
// number of its process for the main thread of that process.
constexpr int kFirstThread = 11;

std::string Quote(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Microseconds with all their digits.
std::string Micros(uint64_t ns) {
  char text[32];
  std::snprintf(text, sizeof(text), "%" PRIu64 ".%03u", ns / 1000,
                static_cast<unsigned>(ns % 1000));
  return text;
}

// A clock other than the engine's own may disagree with it slightly.
std::string Duration(uint64_t begin_ns, uint64_t end_ns) {
  return Micros(end_ns > begin_ns ? end_ns - begin_ns : 0);
}

// An arrow's number. Viewers may distinguish arrows by nothing else, so those of batches and steps
// begin above all those of samples.
uint64_t FlowNumber(const FlowPoint& point) {
  return static_cast<uint64_t>(point.stream) << 48 | point.seq;
}

const char* Phase(FlowPoint::Part part) {
  switch (part) {
    case FlowPoint::Part::kBegin:
      return "s";
    case FlowPoint::Part::kMiddle:
      return "t";
    case FlowPoint::Part::kEnd:
      return "f";
  }
  return "";
}

// Writes the events' JSON by hand: a trace has millions, and nlohmann::json takes 9 us per event
// instead of 1.5 us.
class TraceWriter {
 public:
  TraceWriter(const ChromeTrace& trace, const std::string& path) : trace_(trace), file_(path) {}

  void Write() {
    FindOrigin();
    for (const TraceNode& node : trace_.nodes) node_names_.push_back(Quote(node.name));
    file_.Append("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"program\":\"flowtrain\",\"graph\":" +
                 Quote(trace_.graph) + ",\"dropped_calls\":" +
                 std::to_string(trace_.dropped_calls) + "},\n\"traceEvents\":[\n");
    WriteThreads();
    WriteCalls();
    WriteLevels();
    WriteRanks();
    WriteDevice();
    file_.Append("\n]}\n");
    file_.Commit({});
  }

 private:
  void FindOrigin() {
    uint64_t first = std::numeric_limits<uint64_t>::max();
    for (const TraceCall& call : trace_.calls) first = std::min(first, call.begin_ns);
    for (const TraceLevels& levels : trace_.levels) first = std::min(first, levels.at_ns);
    for (const RankSlice& slice : trace_.rank_slices) first = std::min(first, slice.begin_ns);
    for (const DeviceSlice& slice : trace_.device_slices) first = std::min(first, slice.begin_ns);
    origin_ns_ = first;
  }

  std::string Time(uint64_t ns) const { return Micros(ns - origin_ns_); }

  // `fields` without braces.
  void PutEvent(const std::string& fields) {
    if (!std::exchange(first_event_, false)) file_.Append(",\n");
    file_.Append("{" + fields + "}");
  }

  // The name of a process or a thread in the viewer, and its place from the top.
  void PutName(const char* of, int process, int thread, const std::string& name, int place) {
    const std::string head = "\"ph\":\"M\",\"pid\":" + std::to_string(process) +
                             ",\"tid\":" + std::to_string(thread) + ",\"name\":\"" + of;
    PutEvent(head + "_name\",\"args\":{\"name\":" + Quote(name) + "}");
    PutEvent(head + "_sort_index\",\"args\":{\"sort_index\":" + std::to_string(place) + "}");
  }

  // Workers first, then the device lane, each in the order of the threads' own numbers.
  void WriteThreads() {
    std::set<int> workers, lanes;
    for (const TraceCall& call : trace_.calls) {
      (trace_.nodes.at(call.node).on_lane ? lanes : workers).insert(call.thread);
    }
    PutName("process", kProgram, 0, "flowtrain " + trace_.graph, 0);
    for (const int thread : workers)
      AddThread(thread, "worker " + std::to_string(tids_.size() + 1));
    for (const int thread : lanes) {
      const size_t number = tids_.size() + 1 - workers.size();
      AddThread(thread, number > 1 ? "device lane " + std::to_string(number) : "device lane");
    }
  }

  void AddThread(int thread, const std::string& name) {
    const int place = static_cast<int>(tids_.size());
    if (tids_.emplace(thread, kFirstThread + place).second) {
      PutName("thread", kProgram, kFirstThread + place, name, place);
    }
  }

  void WriteCalls() {
    const std::vector<FlowPoint> flows = FindFlows(trace_.calls, trace_.rows, trace_.window);
    auto flow = flows.begin();
    for (size_t i = 0; i < trace_.calls.size(); ++i) {
      const TraceCall& call = trace_.calls[i];
      const std::string where = ",\"pid\":" + std::to_string(kProgram) +
                                ",\"tid\":" + std::to_string(tids_.at(call.thread)) +
                                ",\"ts\":" + Time(call.begin_ns);
      PutCall(call, where);
      // Right after their slice: a viewer ties an arrow to the slice that is open at its time.
      for (; flow != flows.end() && flow->call == i; ++flow) PutFlow(*flow, where);
    }
  }

  void PutCall(const TraceCall& call, const std::string& where) {
    PutEvent("\"ph\":\"X\",\"name\":" + node_names_[call.node] + ",\"cat\":\"" +
             ToString(call.stream) + '"' + where +
             ",\"dur\":" + Duration(call.begin_ns, call.end_ns) +
             ",\"args\":{\"seq\":" + std::to_string(call.seq) +
             ",\"wait_us\":" + Duration(call.arrived_ns, call.begin_ns) + "}");
  }

  void PutFlow(const FlowPoint& point, const std::string& where) {
    const char* stream = ToString(point.stream);
    PutEvent(std::string("\"ph\":\"") + Phase(point.part) + "\",\"name\":\"" + stream +
             "\",\"cat\":\"flow\",\"id\":" + std::to_string(FlowNumber(point)) + where +
             (point.part == FlowPoint::Part::kEnd ? ",\"bp\":\"e\"" : ""));
  }

  void WriteLevels() {
    std::vector<std::string> pools;
    for (const std::string& pool : trace_.pools) pools.push_back(Quote(pool));
    for (size_t i = 0; i < trace_.levels.size(); ++i) {
      const TraceLevels& levels = trace_.levels[i];
      // Unchanged levels are left out, except at the end.
      const TraceLevels* before =
          i == 0 || i + 1 == trace_.levels.size() ? nullptr : &trace_.levels[i - 1];
      if (before == nullptr || before->queued != levels.queued) {
        PutCounters("queued", levels.at_ns, node_names_, levels.queued);
      }
      if (before == nullptr || before->in_use != levels.in_use) {
        PutCounters("in use", levels.at_ns, pools, levels.in_use);
      }
    }
  }

  void PutCounters(const char* name, uint64_t at_ns, const std::vector<std::string>& names,
                   const std::vector<uint64_t>& values) {
    std::string args;
    for (size_t i = 0; i < std::min(names.size(), values.size()); ++i) {
      args += (args.empty() ? "" : ",") + names[i] + ':' + std::to_string(values[i]);
    }
    PutEvent(std::string("\"ph\":\"C\",\"name\":\"") + name + "\",\"pid\":" +
             std::to_string(kProgram) + ",\"ts\":" + Time(at_ns) + ",\"args\":{" + args + "}");
  }

  void WriteRanks() {
    for (const RankSlice& slice : trace_.rank_slices) {
      PutEvent(
          "\"ph\":\"X\",\"name\":" + Quote(slice.name) + ",\"cat\":\"ranks\"" +
          OnTrack(kProgram, slice.track, slice.begin_ns, slice.end_ns) +
          (slice.bytes > 0 ? ",\"args\":{\"bytes\":" + std::to_string(slice.bytes) + "}" : ""));
    }
  }

  void WriteDevice() {
    if (trace_.device_slices.empty()) return;
    PutName("process", kDevice, 0, "device " + trace_.device, 1);
    std::vector<const DeviceSlice*> slices;
    for (const DeviceSlice& slice : trace_.device_slices) slices.push_back(&slice);
    std::stable_sort(slices.begin(), slices.end(), [](const DeviceSlice* a, const DeviceSlice* b) {
      return a->begin_ns < b->begin_ns;
    });
    for (const DeviceSlice* slice : slices) {
      PutEvent("\"ph\":\"X\",\"name\":" + Quote(slice->name) + ",\"cat\":\"device\"" +
               OnTrack(kDevice, slice->track, slice->begin_ns, slice->end_ns));
    }
  }

  // The place and the time of a slice that is not a call.
  std::string OnTrack(int process, const std::string& track, uint64_t begin_ns, uint64_t end_ns) {
    return ",\"pid\":" + std::to_string(process) +
           ",\"tid\":" + std::to_string(ThreadOf(process, track, begin_ns, end_ns)) +
           ",\"ts\":" + Time(begin_ns) + ",\"dur\":" + Duration(begin_ns, end_ns);
  }

  // Overlapping slices of one track go to rows of their own: a viewer drops slices that overlap.
  int ThreadOf(int process, const std::string& track, uint64_t begin_ns, uint64_t end_ns) {
    std::vector<Row>& rows = rows_[{process, track}];
    for (Row& row : rows) {
      if (row.busy_until_ns > begin_ns) continue;
      row.busy_until_ns = end_ns;
      return row.tid;
    }
    const int place = static_cast<int>(tids_.size()) + further_threads_++;
    rows.push_back({kFirstThread + place, end_ns});
    const std::string number = rows.size() > 1 ? ' ' + std::to_string(rows.size()) : "";
    PutName("thread", process, rows.back().tid, track + number, place);
    return rows.back().tid;
  }

  struct Row {
    int tid;
    uint64_t busy_until_ns;
  };

  const ChromeTrace& trace_;
  NewFile file_;
  bool first_event_ = true;
  uint64_t origin_ns_ = 0;
  std::vector<std::string> node_names_;  // as JSON
  std::map<int, int> tids_;              // in the file, by the thread's own number
  std::map<std::pair<int, std::string>, std::vector<Row>> rows_;  // by process and track
  int further_threads_ = 0;                                       // beside those of tids_
};

}  // namespace

void WriteChromeTrace(const ChromeTrace& trace, const std::string& path) {
  try {
    TraceWriter(trace, path).Write();
  } catch (const DataError& error) {
    throw DataError(std::string("the trace was not written: ") + error.what() +
                    ". Name a file in a folder that may be written to and has room for it");
  }
}

}  // namespace flowtrain
