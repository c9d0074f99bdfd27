// Snapshots of made-up runs with known costs.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/runtime/snapshot.h"

namespace flowtrain {

class MadeUpRun {
 public:
  GraphSettings settings{2, {}, 16, 3};

  // A node on samples that takes `us` per image, with the share `cpu_share` of it on the CPU.
  NodeCounters& Node(const std::string& name, double us, double cpu_share) {
    NodeCounters node;
    node.name = name;
    node.service_ns = static_cast<uint64_t>(us * 1e3);
    node.cpu_service_ns = 1'000'000;
    node.cpu_ns = static_cast<uint64_t>(cpu_share * 1e6);
    nodes_.push_back(node);
    return nodes_.back();
  }
  NodeCounters& Lane(const std::string& name, double us) {
    NodeCounters& node = Node(name, us, 1);
    node.on_lane = true;
    node.stream = Stream::kBatch;
    lane_us_ += us;
    return node;
  }

  // A part of the run, of `images` in `seconds`.
  Snapshot Part(uint64_t images, double seconds) const {
    Snapshot part;
    part.at_ns = static_cast<uint64_t>(seconds * 1e9);
    part.settings = settings;
    part.settings.workers.resize(nodes_.size(), 2);
    part.nodes = nodes_;
    for (size_t i = 0; i < part.nodes.size(); ++i) {
      NodeCounters& node = part.nodes[i];
      node.messages = node.stream == Stream::kSample ? images : images / 8;
      node.service_ns *= images;
      node.elapsed_ns = part.at_ns;
      node.limit = node.serial || node.on_lane ? 1 : part.settings.workers[i];
    }
    for (const char* name : {"sample slots", "batch buffers", "step slots"}) {
      part.pools.push_back({name, 16, 4, 0, 0});
    }
    const auto lane_ns = static_cast<uint64_t>(lane_us_ * 1e3 * static_cast<double>(images));
    part.lane_idle_ns = lane_ns < part.at_ns ? part.at_ns - lane_ns : 0;
    part.process_cpu_ns = part.lane_cpu_ns = lane_ns;
    return part;
  }

 private:
  std::vector<NodeCounters> nodes_;
  double lane_us_ = 0;
};

}  // namespace flowtrain
