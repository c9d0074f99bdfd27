#include "tools/measure/bare_loop.h"

#include <utility>

#include "pipeline/base/error.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"

namespace flowtrain {

BareLoop::BareLoop(const GraphDef& def, const Registry& registry, RunControl& run)
    : run_(run), graph_(def, registry, run) {
  graph_.Open();
  for (const NodeDef& node : def.nodes) {
    Component* component = graph_.Find(node.name);
    if (auto* sample_node = dynamic_cast<SampleNode*>(component)) nodes_.push_back(sample_node);
    if (auto* collate = dynamic_cast<CollateNode*>(component)) stage_ = collate;
  }
  source_ = dynamic_cast<SourceNode*>(nodes_.front());
  for (const ComponentDef& resource : def.resources) {
    dynamic_cast<Resource&>(*graph_.Find(resource.name)).OnWorkerThread();
  }
  batch_.layout = stage_->Layout();
  buffer_ = stage_->Allocate(batch_.layout.bytes());
  batch_.buffer = buffer_.get();
  batch_.ids.resize(static_cast<size_t>(batch_.layout.rows));
  batch_.labels.resize(static_cast<size_t>(batch_.layout.rows));
  row_ = batch_.layout.rows;
  for (SampleNode* node : nodes_) node->Start();
  stage_->Start();
}

BareLoop::~BareLoop() {
  stage_->Close();
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) (*node)->Close();
}

bool BareLoop::Pass(uint64_t images) {
  for (uint64_t i = 0; i < images; ++i) {
    if (run_.draining()) return false;
    if (row_ == batch_.layout.rows && !BeginBatch()) return false;
    Admit();
    Process();
    if (++row_ == batch_.layout.rows) stage_->Process(batch_);
  }
  return true;
}

bool BareLoop::BeginBatch() {
  batch_.seq = batches_++;
  row_ = 0;
  return source_->AdmitBatch(batch_);
}

void BareLoop::Admit() {
  sample_.seq = samples_++;
  sample_.batch = &batch_;
  sample_.row = row_;
  sample_.attempt = 0;
  sample_.error.clear();
  source_->AdmitSample(sample_);
}

void BareLoop::Process() {
  while (!TryNodes()) {
    ++sample_.attempt;
    source_->Substitute(sample_);
    sample_.error.clear();
  }
  batch_.ids[static_cast<size_t>(row_)] = sample_.id;
  batch_.labels[static_cast<size_t>(row_)] = sample_.label;
}

bool BareLoop::TryNodes() {
  Worker worker;
  for (SampleNode* node : nodes_) {
    Outcome outcome = node->Process(sample_, worker);
    if (outcome.ok) continue;
    sample_.error = std::move(outcome.why);
    return false;
  }
  return true;
}

}  // namespace flowtrain
