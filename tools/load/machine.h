// The machine that figures were measured on.
#pragma once

#include <string>

namespace flowtrain {

struct Machine {
  std::string host;  // its name
  std::string cpu;   // the processor's name
  double cores = 1;  // that this process may use (CoresOfRank)
};

Machine ThisMachine();

}  // namespace flowtrain
