// Options: what a node or resource declares about a value it takes from the graph file. The
// declaration is the one source for binding, validation, `flowtrain nodes` and the documentation.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "pipeline/config/value.h"

namespace flowtrain {

class Component;

// A condition on an option's value. Checks return an empty string, or what is wrong ("must be at
// least 1").
template <typename T>
struct Check {
  std::string text;  // for the documentation: ">= 1"
  std::function<std::string(const T&)> test;
};

// Bounds and choices, usable for any option type they fit.
struct AtLeast {
  double low;
};
struct Between {
  double low, high;  // both included
};
struct OneOf {
  std::vector<std::string> names;
};

std::string CheckBound(double value, const AtLeast& bound);
std::string CheckBound(double value, const Between& bound);
std::string CheckChoice(const std::string& value, const OneOf& choice);  // names the nearest choice
std::string BoundText(const AtLeast& bound);
std::string BoundText(const Between& bound);
std::string BoundText(const OneOf& choice);

// How a default is shown.
std::string Show(bool value);
std::string Show(int64_t value);
std::string Show(double value);
std::string Show(const std::string& value);
std::string Show(const std::vector<std::string>& value);
std::string Show(const std::vector<double>& value);

// The name of an option's type in messages and documentation.
template <typename T>
const char* TypeName() {
  if constexpr (std::is_same_v<T, bool>) {
    return "true or false";
  } else if constexpr (std::is_integral_v<T>) {
    return "an integer";
  } else if constexpr (std::is_floating_point_v<T>) {
    return "a number";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "text";
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return "a list of names";
  } else {
    return "a list of numbers";
  }
}

// One declared option.
struct OptionSpec {
  std::string name;
  std::string type;          // TypeName()
  std::string default_text;  // shown in documentation; empty for a required option
  std::string doc;           // one sentence, with the unit
  std::string bound;         // ">= 1", "one of a, b"; empty without one
  bool required = false;
  // Reads the value into the component's member. Returns an empty string, or what is wrong with it.
  std::function<std::string(Component&, const Value&)> assign;
};

namespace internal {

// "'six' is not an integer".
std::string WrongType(const Value& value, const char* type_name);

template <typename T, typename Bound>
std::string TestBound(const T& value, const Bound& bound) {
  if constexpr (std::is_same_v<Bound, OneOf>) {
    if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      for (const std::string& item : value) {
        if (std::string wrong = CheckChoice(item, bound); !wrong.empty()) return wrong;
      }
      return {};
    } else {
      return CheckChoice(value, bound);
    }
  } else if constexpr (std::is_same_v<T, std::vector<double>>) {
    for (double item : value) {
      if (std::string wrong = CheckBound(item, bound); !wrong.empty()) return wrong;
    }
    return {};
  } else {
    return CheckBound(static_cast<double>(value), bound);
  }
}

}  // namespace internal
}  // namespace flowtrain
