// Images that occur more than once.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "nodes/check/look.h"

namespace flowtrain {

// Places in a list that belong together, at least two, in their order.
using Group = std::vector<uint64_t>;

// The places of equal numbers, but for those of `none`, which is no number. Groups are in the order of
// their first places.
std::vector<Group> EqualOnes(std::span<const uint64_t> numbers, uint64_t none);

// The places of images that look alike (LooksLike), directly or by way of others, of those listed in
// `places`. On all threads of the arena that it is called in; `stop` ends it early, with what was
// found.
std::vector<Group> AlikeOnes(std::span<const Look> looks, std::span<const uint64_t> places,
                             const std::function<bool()>& stop);

}  // namespace flowtrain
