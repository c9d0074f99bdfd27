// What makes an accuracy say less than it seems to.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace flowtrain {

// A sentence for each: a bank or queries of one class, classes that the bank lacks or that nobody
// asks about, fewer than ten queries. Labels are int64 [N]; with `leave_one_out` the bank is the
// queries, and no image is in its own bank.
std::vector<std::string> Caveats(const at::Tensor& bank, const at::Tensor& queries,
                                 const std::vector<std::string>& classes, bool leave_one_out);

// Logs them as warnings.
void WarnOfCaveats(const at::Tensor& bank, const at::Tensor& queries,
                   const std::vector<std::string>& classes, bool leave_one_out);

// Whether all labels are the same.
bool IsOneClass(const at::Tensor& labels);

}  // namespace flowtrain
