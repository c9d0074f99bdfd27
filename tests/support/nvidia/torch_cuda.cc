// libtorch_cuda.so, as far as libtorch asks it what it was built for. It shows no GPU.
#include <ATen/detail/CUDAHooksInterface.h>

namespace {

class Hooks final : public at::CUDAHooksInterface {
 public:
  explicit Hooks(at::CUDAHooksArgs) {}
  bool hasCUDART() const override { return true; }
  long versionCUDART() const override { return 13000; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return false; }
};

}  // namespace

namespace at {
C10_REGISTER_TYPED_CLASS(CUDAHooksRegistry, "CUDAHooks", Hooks)
}
