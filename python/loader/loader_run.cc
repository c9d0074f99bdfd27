#include "python/loader/loader_run.h"

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <utility>

#include "nodes/data/dataset.h"
#include "nodes/image/view_side.h"
#include "nodes/lend/consumer.h"
#include "nodes/lend/lend_batch.h"
#include "nodes/lend/loader_source.h"
#include "pipeline/base/error.h"
#include "pipeline/base/files/expand_path.h"
#include "pipeline/config/config.h"
#include "pipeline/config/put_parameter.h"
#include "pipeline/graph/graph_file.h"
#include "pipeline/graph/load_graph.h"
#include "pipeline/node/registry.h"
#include "pipeline/node/run_control.h"
#include "pipeline/runtime/find_component.h"
#include "pipeline/runtime/graph.h"

namespace flowtrain {
namespace {

namespace fs = std::filesystem;

constexpr char kGivenWith[] = "Loader";  // what errors name as the place of the caller's parameters

std::string FindGraph(const LoaderRequest& request) {
  std::error_code error;
  if (fs::is_regular_file(request.graph, error)) return request.graph;
  const fs::path there = fs::path(request.shipped) / request.graph;
  if (!request.shipped.empty() && fs::is_regular_file(there, error)) return there.string();
  throw ConfigError("there is no file " + request.graph + "; looked for\n  " +
                    fs::absolute(request.graph, error).string() +
                    (request.shipped.empty() ? "" : "\n  " + there.string()));
}

// `~` and variables in the data set's place, as on the command line.
void ExpandRoot(Config& config) {
  const Value* root = config.Find("data.root");
  if (root == nullptr || root->kind != Value::Kind::kScalar) return;
  Value expanded = *root;
  expanded.scalar = ExpandPath(root->scalar);
  expanded.quoted = true;  // text, whatever it looks like
  PutParameter(config, "data.root", std::move(expanded));
}

// What says how many views there are and how they are made, in a graph that takes it.
void CheckViews(const Config& defaults, const Config& config, const std::string& graph) {
  for (const char* key : {"loader.views", "augment.views"}) {
    if (config.Find(key) == nullptr || defaults.Find(key) != nullptr) continue;
    throw ConfigError(
        std::string(key) + ": " + graph +
        " has no such parameter, so the views of an image are what it says: take "
        "graphs/loader.yaml, which makes any number of random views, or name it as that does");
  }
}

Config ParametersOf(const GraphFile& file, const LoaderRequest& request) {
  const Config defaults = DefaultParameters(file);
  Config config = defaults;
  config.NamePaths({"data.root"});
  config.Overlay(ReadYaml(request.parameters, kGivenWith));
  CheckViews(defaults, config, request.graph);
  ExpandRoot(config);
  if (config.GetOr<std::string>("data.cache", "none") == "packed") {
    throw ConfigError(
        "data.cache: packed is the program's: pack the data set with `flowtrain pack`, and give "
        "the file with data.kind=packed and data.root=FILE");
  }
  return config;
}

GraphDef LoadDef(const LoaderRequest& request) {
  const GraphFile file = ReadGraphFile(FindGraph(request), request.shipped);
  if (!file.plugins.empty()) {
    throw ConfigError(file.plugins.front().at.file +
                      ": the Python module does not load plugins with node types");
  }
  return LoadGraph(file.graph, ParametersOf(file, request), Registry::Global());
}

// The graph's only component of type T. Throws ConfigError where it has none.
template <typename T>
T& Only(const Graph& graph, const char* type) {
  if (auto* found = FindComponent<T>(graph)) return *found;
  throw ConfigError(graph.def().file + " is no loader: it has no " + type +
                    " (graphs/loader.yaml shows one)");
}

// The process in which a loader has begun to run; 0: none has. TBB then has threads, of which a
// process that is forked from it knows but has none: what it does with them there ends at random,
// and may be a crash.
std::atomic<pid_t> runs_in{0};

void RefuseFork() {
  const pid_t process = runs_in.load();
  if (process == 0 || process == getpid()) return;
  throw ForkedError(
      "this process, " + std::to_string(getpid()) + ", was forked from " + std::to_string(process) +
      ", where a loader had begun to run, whose threads it does not have: start it by "
      "'spawn' or 'forkserver' (multiprocessing.set_start_method), or before any loop "
      "over a loader");
}

}  // namespace

class LoaderRun::Impl {
 public:
  explicit Impl(const LoaderRequest& request)
      : graph_(LoadDef(request), Registry::Global(), run_),
        consumer_(Only<Consumer>(graph_, "Consumer")),
        source_(Only<LoaderSource>(graph_, "LoaderSource")) {
    RefuseFork();
    const auto& lend = Only<LendBatch>(graph_, "LendBatch");
    consumer_.Attach();
    graph_.Open();
    const BatchLayout layout = lend.Layout();
    const auto& dataset = Only<ImageDataset>(graph_, "ImageDataset");
    facts_ = {.rows = layout.rows,
              .sides = ViewSides(layout),
              .images = source_.size(),
              .batches_per_epoch = source_.batches_per_epoch(),
              .windows = source_.windows(),
              .seed = source_.seed(),
              .rank = source_.rank(),
              .world_size = source_.world_size(),
              .gradient_accumulation = source_.gradient_accumulation(),
              .shuffle = source_.shuffle(),
              .drop_last = source_.drop_last(),
              .workers = graph_.def().workers,
              .lent_batches = consumer_.most(),
              .classes = dataset.classes(),
              .dataset = dataset.Description()};
  }

  const LoaderFacts& facts() const { return facts_; }
  std::vector<NodeCounters> Nodes() const { return graph_.counters(); }
  LentBatches& batches() const { return *consumer_.batches(); }

  void GoTo(uint64_t epoch, uint64_t batch) {
    CheckProcess();
    consumer_.place().GoTo(epoch * facts_.batches_per_epoch + batch);
    batches().DropFull();
  }

  std::shared_ptr<LentBatch> Take(double seconds) {
    CheckProcess();
    if (stopped_) throw std::runtime_error("the loader is closed");
    if (!thread_.joinable()) {
      runs_in.store(getpid());
      thread_ = std::thread([this] { Run(); });
    }
    return batches().Take(
        seconds, [this](const LentBatch& batch) { return consumer_.place().IsWanted(batch.seq); });
  }

  void Stop() {
    stopped_ = true;
    run_.RequestAbort();
    batches().Close(nullptr);
    if (thread_.joinable()) thread_.join();
  }

  bool IsOwnProcess() const { return getpid() == process_; }

 private:
  void CheckProcess() const {
    if (IsOwnProcess()) return;
    throw ForkedError(
        "this loader belongs to process " + std::to_string(process_) +
        ", and its threads are not in the process forked from it, " + std::to_string(getpid()) +
        ": make the loader in the process that uses it, which is started by 'spawn' or "
        "'forkserver' (multiprocessing.set_start_method)");
  }

  void Run() noexcept {
    std::exception_ptr error;
    try {
      graph_.Run();
    } catch (...) {
      error = std::current_exception();
    }
    batches().Close(error);
  }

  const pid_t process_ = getpid();
  RunControl run_;
  Graph graph_;
  Consumer& consumer_;
  LoaderSource& source_;
  LoaderFacts facts_;
  bool stopped_ = false;
  std::thread thread_;
};

LoaderRun::LoaderRun(const LoaderRequest& request) : impl_(new Impl(request)) {}

LoaderRun::~LoaderRun() {
  if (!impl_->IsOwnProcess()) return;
  impl_->Stop();
  delete impl_;
}

const LoaderFacts& LoaderRun::facts() const { return impl_->facts(); }
void LoaderRun::GoTo(uint64_t epoch, uint64_t batch) { impl_->GoTo(epoch, batch); }
std::shared_ptr<LentBatch> LoaderRun::Take(double seconds) { return impl_->Take(seconds); }
bool LoaderRun::AllAreLent() const { return impl_->batches().AllAreLent(); }
std::vector<NodeCounters> LoaderRun::Nodes() const { return impl_->Nodes(); }
std::vector<LentMemory> LoaderRun::Memory() const { return impl_->batches().Memory(); }
void LoaderRun::Stop() {
  if (impl_->IsOwnProcess()) impl_->Stop();
}

}  // namespace flowtrain
