// Figures as people read them. Pure functions; ASCII.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace flowtrain {

std::string ShowFixed(double value, int digits);     // 4.8312
std::string ShowNumber(double value);                // 2, 0.125: six digits at most
std::string ShowCount(uint64_t value);               // 105,000
std::string ShowCount(uint64_t n, const char* one);  // 1 image, 105,000 images
std::string ShowGib(size_t bytes);                   // 12.0 GiB; below 1 GiB 512 MiB
std::string ShowPercent(double share);               // 0.003 as 0.3%
std::string ShowDuration(double seconds);            // 12.3 s, 4 min 05 s, 1 h 02 min, 3 d 04 h
std::string ShowRate(double per_second);             // 1234, 12.3, 0.25
std::string ShowScientific(double value);            // 6.00e-02

}  // namespace flowtrain
