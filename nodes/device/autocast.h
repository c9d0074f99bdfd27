// Scopes that turn libtorch's autocast to a lower precision on or off.
#pragma once

#include <ATen/autocast_mode.h>
#include <c10/core/DeviceType.h>
#include <c10/core/ScalarType.h>

namespace flowtrain {

// While it lives, this thread's operations on devices of `type` run under autocast to `dtype`
// (fp32: without autocast). The casts of parameters that it cached are dropped at its end, since a
// step changes the parameters.
class Autocast {
 public:
  Autocast(c10::DeviceType type, c10::ScalarType dtype)
      : type_(type),
        was_enabled_(at::autocast::is_autocast_enabled(type)),
        old_dtype_(at::autocast::get_autocast_dtype(type)) {
    const bool enable = dtype != c10::kFloat;
    at::autocast::set_autocast_enabled(type, enable);
    if (enable) at::autocast::set_autocast_dtype(type, dtype);
    at::autocast::increment_nesting();
  }
  ~Autocast() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(type_, was_enabled_);
    at::autocast::set_autocast_dtype(type_, old_dtype_);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  const c10::DeviceType type_;
  const bool was_enabled_;
  const c10::ScalarType old_dtype_;
};

// While it lives, autocast is off for devices of `type`.
class NoAutocast : public Autocast {
 public:
  explicit NoAutocast(c10::DeviceType type) : Autocast(type, c10::kFloat) {}
};

}  // namespace flowtrain
