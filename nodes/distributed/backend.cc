#include "nodes/distributed/backend.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <sstream>

#include "pipeline/base/error.h"
#include "pipeline/base/text/first_line.h"

namespace flowtrain {
namespace {

constexpr std::array<const char*, 3> kNames = {"auto", "gloo", "nccl"};
const char* NameOf(Backend backend) { return kNames.at(static_cast<size_t>(backend)); }

std::string RankName(size_t rank) { return "rank " + std::to_string(rank); }

void ExpectTheSame(const std::vector<BackendOffer>& offers) {
  for (size_t rank = 1; rank < offers.size(); ++rank) {
    if (offers[rank].wanted == offers[0].wanted) continue;
    throw ConfigError("distributed.backend is " + std::string(NameOf(offers[rank].wanted)) +
                      " for " + RankName(rank) + ", but " + NameOf(offers[0].wanted) +
                      " for rank 0: give all ranks the same");
  }
}

void ExpectGpusOfTheirOwn(const std::vector<BackendOffer>& offers) {
  for (size_t rank = 1; rank < offers.size(); ++rank) {
    for (size_t other = 0; other < rank; ++other) {
      if (offers[rank].gpu != offers[other].gpu) continue;
      throw ConfigError(RankName(rank) + " and " + RankName(other) + " both take " +
                        offers[rank].place +
                        ", and NCCL needs a GPU for each rank: start no more ranks on a machine "
                        "than it has GPUs, or set distributed.backend to gloo");
    }
  }
}

}  // namespace

std::string ToText(const BackendOffer& offer) {
  std::string text = NameOf(offer.wanted);
  for (const std::string& line :
       {FirstLine(offer.no_nccl), std::string(offer.cuda ? "cuda" : ""), offer.gpu, offer.place}) {
    text += '\n' + line;
  }
  return text;
}

BackendOffer ToOffer(const std::string& text) {
  std::istringstream lines(text);
  std::string wanted, cuda;
  BackendOffer offer;
  std::getline(lines, wanted);
  std::getline(lines, offer.no_nccl);
  std::getline(lines, cuda);
  std::getline(lines, offer.gpu);
  std::getline(lines, offer.place);
  const auto name = std::find(kNames.begin(), kNames.end(), wanted);
  if (name != kNames.end()) offer.wanted = static_cast<Backend>(name - kNames.begin());
  offer.cuda = !cuda.empty();
  return offer;
}

BackendChoice ChooseBackend(const std::vector<BackendOffer>& offers) {
  ExpectTheSame(offers);
  const Backend wanted = offers.at(0).wanted;
  if (wanted == Backend::kGloo) return {};
  const auto without = std::find_if(offers.begin(), offers.end(),
                                    [](const auto& offer) { return !offer.no_nccl.empty(); });
  if (without == offers.end()) {
    ExpectGpusOfTheirOwn(offers);
    return {true, ""};
  }
  const std::string who = RankName(static_cast<size_t>(without - offers.begin()));
  if (wanted == Backend::kNccl) {
    throw ConfigError("distributed.backend is nccl, which " + who +
                      " cannot use: " + without->no_nccl);
  }
  const bool costs =
      std::any_of(offers.begin(), offers.end(), [](const auto& offer) { return offer.cuda; });
  if (!costs) return {};
  return {false, who + " cannot use NCCL: " + without->no_nccl +
                     ". Gradients go from GPU to GPU through host memory, with Gloo, which takes "
                     "longer the larger the network is (docs/scale.md)"};
}

}  // namespace flowtrain
