#include "tools/measure/bare_nodes.h"

#include <utility>

#include "pipeline/node/registry.h"

namespace flowtrain {

BareNodes::BareNodes(const GraphDef& def, const Registry& registry, RunControl& run)
    : graph_(def, registry, run) {
  graph_.Open();
  for (const NodeDef& node : def.nodes) {
    Component* component = graph_.Find(node.name);
    if (auto* sample_node = dynamic_cast<SampleNode*>(component)) nodes_.push_back(sample_node);
    if (auto* collate = dynamic_cast<CollateNode*>(component)) stage_ = collate;
  }
  source_ = dynamic_cast<SourceNode*>(nodes_.front());
  for (const ComponentDef& resource : def.resources) {
    resources_.push_back(dynamic_cast<Resource*>(graph_.Find(resource.name)));
  }
  JoinThread();
  for (SampleNode* node : nodes_) node->Start();
}

BareNodes::~BareNodes() {
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) (*node)->Close();
}

void BareNodes::JoinThread() const {
  for (Resource* resource : resources_) resource->OnWorkerThread();
}

std::shared_ptr<uint8_t> BareNodes::Allocate(Batch& batch) const {
  batch.layout = stage_->Layout();
  std::shared_ptr<uint8_t> buffer = stage_->Allocate(batch.layout.bytes());
  batch.buffer = buffer.get();
  batch.ids.resize(static_cast<size_t>(batch.layout.rows));
  batch.labels.resize(static_cast<size_t>(batch.layout.rows));
  return buffer;
}

bool BareNodes::BeginBatch(Batch& batch) {
  batch.seq = batches_++;
  return source_->AdmitBatch(batch);
}

void BareNodes::Admit(Sample& sample, Batch& batch, int row) {
  if (sample.payload == nullptr) sample.payload = source_->NewPayload();
  sample.seq = samples_++;
  sample.batch = &batch;
  sample.row = row;
  sample.attempt = 0;
  sample.error.clear();
  source_->AdmitSample(sample);
  while (!Process(sample)) {
    ++sample.attempt;
    source_->Substitute(sample);
    sample.error.clear();
  }
}

bool BareNodes::Process(Sample& sample) const {
  Worker worker;
  for (SampleNode* node : nodes_) {
    Outcome outcome = node->Process(sample, worker);
    if (outcome.ok) continue;
    sample.error = std::move(outcome.why);
    return false;
  }
  return true;
}

}  // namespace flowtrain
