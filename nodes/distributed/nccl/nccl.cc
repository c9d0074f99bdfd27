// NCCL, through libtorch's process group. A library of its own: it needs CUDA's and NCCL's headers to
// be built, and libtorch_cuda.so where it runs.
#include "nodes/distributed/nccl/nccl.h"

#define USE_C10D_NCCL
#include <ATen/Functions.h>
#include <ATen/cuda/CUDAContext.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <utility>
#include <vector>

namespace flowtrain {
namespace {

using Group = c10d::ProcessGroupNCCL;

// libtorch ends the process when a call fails or is late. Here that only frees the device from its
// wait: the program says itself what is wrong, and writes a checkpoint. torchrun sets the first one.
void KeepTheProcess() {
  constexpr int kCleanUpOnly = c10d::CleanUpOnly;
  setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", std::to_string(kCleanUpOnly).c_str(), 1);
  setenv("TORCH_NCCL_ENABLE_MONITORING", "0", 1);
  setenv("TORCH_NCCL_DUMP_ON_TIMEOUT", "0", 1);
}

const char* NameOf(c10d::ErrorType error) {
  switch (error) {
    case c10d::ErrorType::TIMEOUT:
      return "a call took too long";
    case c10d::ErrorType::COMM_ERROR:
      return "the connection was lost";
    default:
      return "another rank has failed";
  }
}

class NcclSum final : public PendingSum {
 public:
  NcclSum(c10::intrusive_ptr<Group> group, c10::intrusive_ptr<c10d::Work> work)
      : group_(std::move(group)), work_(std::move(work)) {}

  // Only the current stream waits, not the host.
  void Wait() override { work_->wait(); }

  // An aborted call leaves its stream as a finished one does, so both questions are asked.
  bool Arrived() override {
    const bool over = work_->isCompleted();
    if (const std::exception_ptr error = work_->exception()) std::rethrow_exception(error);
    const c10d::ErrorType error = group_->getError();
    if (error != c10d::ErrorType::SUCCESS) {
      throw std::runtime_error(std::string("NCCL: ") + NameOf(error));
    }
    return over;
  }

 private:
  c10::intrusive_ptr<Group> group_;
  c10::intrusive_ptr<c10d::Work> work_;
};

class Nccl final : public Collectives {
 public:
  explicit Nccl(const NcclOptions& options) : ranks_(options.ranks) {
    KeepTheProcess();
    if (!options.interface.empty()) setenv("NCCL_SOCKET_IFNAME", options.interface.c_str(), 0);
    auto group_options = Group::Options::create();
    // The program looks first; this is for a host that waits for the device in a call of its own.
    constexpr double kAfterTheProgram = 1.5;
    group_options->timeout = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::duration<double>(kAfterTheProgram * options.timeout_s));
    group_ = c10::make_intrusive<Group>(options.store, options.rank, options.ranks, group_options);
    group_->eagerConnectSingleDevice(options.device);
  }
  // Without waiting for ranks that may be gone.
  ~Nccl() override {
    try {
      group_->abort();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "NCCL: %s\n", error.what());
    }
  }

  std::unique_ptr<PendingSum> StartSum(const at::Tensor& tensor) override {
    std::vector<at::Tensor> tensors = {tensor};
    return std::make_unique<NcclSum>(group_, group_->allreduce(tensors));
  }

  at::Tensor Gather(const at::Tensor& tensor) override {
    std::vector<int64_t> sizes = {ranks_};
    sizes.insert(sizes.end(), tensor.sizes().begin(), tensor.sizes().end());
    at::Tensor all = at::empty(sizes, tensor.options()), own = tensor;
    group_->_allgather_base(all, own)->wait();
    return all;
  }

 private:
  const int ranks_;
  c10::intrusive_ptr<Group> group_;
};

std::unique_ptr<Collectives> Make(const NcclOptions& options) {
  return std::make_unique<Nccl>(options);
}

std::string AddressOf(c10::Device device) {
  const cudaDeviceProp* properties = at::cuda::getDeviceProperties(device.index());
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x", properties->pciDomainID,
                properties->pciBusID, properties->pciDeviceID);
  return text.data();
}

}  // namespace

extern "C" {
[[gnu::visibility("default")]] extern const NcclPlugin flowtrain_nccl;
const NcclPlugin flowtrain_nccl = {FLOWTRAIN_NCCL_ABI, CUDART_VERSION, &Make, &AddressOf};
}

}  // namespace flowtrain
