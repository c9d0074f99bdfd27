// Written by make_representations_golden.py.
#pragma once

#include "nodes/run/step_record.h"

namespace flowtrain {

constexpr RepresentationFigures kFullRank = {.rankme = 9.472618874114001,
                                             .feature_std = 0.9963185009656963,
                                             .projection_std = 0.9926789808840575,
                                             .alignment = 1.9828201096106024,
                                             .uniformity = -2.7849157954490225};
constexpr RepresentationFigures kRankThree = {.rankme = 2.9031310075303063,
                                              .feature_std = 0.9191940400097546,
                                              .projection_std = 0.9926789808840575,
                                              .alignment = 1.9828201096106024,
                                              .uniformity = -2.7849157954490225};
constexpr RepresentationFigures kWide = {.rankme = 7.461641766226133,
                                         .feature_std = 0.9331751842445165,
                                         .projection_std = 0.9393299526447566,
                                         .alignment = 1.919116646060421,
                                         .uniformity = -3.055466946789261};

}  // namespace flowtrain
