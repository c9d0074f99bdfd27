// How good representations are, as far as that shows without labels.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "nodes/run/step_record.h"

namespace flowtrain {

// Of N images: the backbone's `features` of their first views [N, D], and the `projections` of both
// views [2, N, P]. Computed in fp64 on the host.
//
// rankme          exp of the entropy of the singular values of `features`, each divided by their sum, plus
//                 1e-7 (Garrido et al., "RankMe: Assessing the Downstream Performance of Pretrained
//                 Self-Supervised Representations by Their Rank", ICML 2023). From 1 to min(N, D).
// feature_std     mean over the dimensions of the standard deviation of L2-normalised features, times
//                 sqrt(D) (Chen & He, "Exploring Simple Siamese Representation Learning", CVPR 2021,
//                 section 4.1). 1 where they are spread evenly, 0 where all are the same; projection_std
//                 is that of the first views' projections.
// alignment, uniformity   of L2-normalised projections (Wang & Isola, "Understanding Contrastive
//                 Representation Learning through Alignment and Uniformity on the Hypersphere", ICML
//                 2020; alpha 2, t 2): the mean squared distance of an image's two views; and the log of
//                 the mean of exp(-2 d^2) over pairs of images, the mean of both views. -4 to 0.
//
// Empty where a value is not finite. N is 2 or more.
std::optional<RepresentationFigures> MeasureRepresentations(const at::Tensor& features,
                                                            const at::Tensor& projections);

// Gathers what a window's forward passes compute anyway, for its first 512 images.
class RepresentationSample {
 public:
  // Every so many steps, and at the first step of a run; 0: never.
  explicit RepresentationSample(int64_t every) : every_(every) {}

  struct Window {
    uint64_t step = 0;
    int64_t images = 0;
    bool whole = true;  // not the short window that may end an epoch
  };
  // A window begins. The rank depends on how many images there are, so a short window leaves it to the
  // next one.
  void Begin(const Window& window);
  // Of a micro-batch, [2n, …], all first views before all second views. Does nothing where the window
  // is not measured, or has enough images already.
  void Add(const at::Tensor& features, const at::Tensor& projections);
  // The window is computed again.
  void Restart();
  // Ends the window. Empty where it is not measured, where a value is not finite, and where the device
  // has too little memory.
  std::optional<RepresentationFigures> Finish();

 private:
  int64_t every_;
  bool due_ = false;
  int64_t wanted_ = 0, added_ = 0;  // images
  std::vector<at::Tensor> features_, projections_;
};

}  // namespace flowtrain
