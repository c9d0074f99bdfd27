// A library of the system's that is opened when it is needed: the program starts without it, and the
// bundle, which would otherwise carry it and all that it needs, does not grow.
#pragma once

#include <dlfcn.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace flowtrain {

class SystemLibrary {
 public:
  // The first of these names that is there. Throws std::runtime_error that names the package.
  SystemLibrary(const std::vector<const char*>& names, const std::string& package) {
    for (const char* name : names) {
      library_ = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
      if (library_ != nullptr) return;
    }
    throw std::runtime_error(std::string("the library ") + names.front() +
                             " is not installed: apt-get install " + package);
  }

  template <class Function>
  void Find(Function& function, const char* name) const {
    function = reinterpret_cast<Function>(dlsym(library_, name));
    if (function == nullptr) throw std::runtime_error(std::string(name) + " is not in its library");
  }

 private:
  void* library_ = nullptr;
};

}  // namespace flowtrain
