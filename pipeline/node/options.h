// Options: what a node or resource declares about a value it takes from the graph file. The
// declaration is the one source for binding, validation, `flowtrain nodes` and the documentation.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "pipeline/config/value.h"

namespace flowtrain {

class Component;

// Bounds and choices, usable for any option type they fit. On a list they hold for each item.
struct AtLeast {
  double low;
};
struct Between {
  double low, high;  // both included
};
struct Odd {};
struct OneOf {
  std::vector<std::string> names;
};
// For two numbers: {low, high} with 0 < low <= high.
struct PositiveRange {};
// The names of an enum's values, in a graph and in messages. An option that is an enum has them.
template <typename E>
struct Choices {
  std::vector<std::pair<std::string, E>> names;
};

// An empty string, or what is wrong: "must be at least 1, not 0".
std::string CheckBound(double value, const AtLeast& bound);
std::string CheckBound(double value, const Between& bound);
std::string CheckBound(double value, const Odd& bound);
std::string CheckRange(const std::vector<double>& value, const PositiveRange& bound);
std::string CheckChoice(const std::string& value, const OneOf& choice);  // names the nearest choice
std::string BoundText(const AtLeast& bound);
std::string BoundText(const Between& bound);
std::string BoundText(const Odd& bound);
std::string BoundText(const PositiveRange& bound);
std::string BoundText(const OneOf& choice);
template <typename E>
OneOf NamesOf(const Choices<E>& choices) {
  OneOf names;
  for (const auto& [name, value] : choices.names) names.names.push_back(name);
  return names;
}
template <typename E>
std::string BoundText(const Choices<E>& choices) {
  return BoundText(NamesOf(choices));
}

// The name of a value, one of `choices`.
template <typename E>
std::string ChoiceName(const Choices<E>& choices, E value) {
  for (const auto& [name, one] : choices.names) {
    if (one == value) return name;
  }
  throw std::logic_error("a value of an enum has no name among its choices");
}

// The value of a name. Throws std::invalid_argument for a name that is none of them.
template <typename E>
E ChoiceValue(const Choices<E>& choices, const std::string& name) {
  for (const auto& [one, value] : choices.names) {
    if (one == name) return value;
  }
  throw std::invalid_argument(CheckChoice(name, NamesOf(choices)));
}

// How a default is shown.
std::string Show(bool value);
std::string Show(int64_t value);
std::string Show(double value);
std::string Show(const std::string& value);
std::string Show(const std::vector<std::string>& value);
std::string Show(const std::vector<double>& value);

struct OptionField;

// What an option may be, for other programs: an editor checks files by it.
struct OptionForm {
  enum class Kind : uint8_t {
    kBool,
    kInteger,
    kNumber,
    kText,
    kNames,
    kNumbers,
    kTwoNumbers,
    kMaps
  };
  Kind kind = Kind::kText;
  std::optional<double> least, most;  // of a number, or of each in a list
  bool odd = false, positive = false;
  std::vector<std::string> names;   // all there are; empty: any text
  std::vector<OptionField> fields;  // that each map may have
};
// One value of a map.
struct OptionField {
  std::string name, doc;
  OptionForm form;
};
void Narrow(OptionForm& form, const AtLeast& bound);
void Narrow(OptionForm& form, const Between& bound);
void Narrow(OptionForm& form, const Odd& bound);
void Narrow(OptionForm& form, const PositiveRange& bound);
void Narrow(OptionForm& form, const OneOf& choice);
template <typename E>
void Narrow(OptionForm& form, const Choices<E>& choices) {
  Narrow(form, NamesOf(choices));
}

// One declared option.
struct OptionSpec {
  std::string name;
  std::string type;          // "an integer"
  std::string default_text;  // shown in documentation; empty for a required option
  std::string doc;           // one sentence, with the unit
  std::string bound;         // ">= 1", "one of a, b"; empty without one
  bool required = false;
  OptionForm form = {};
  // Reads the value into the component's member. Returns an empty string, or what is wrong with it.
  std::function<std::string(Component&, const Value&)> assign;
};

namespace internal {

// How a T is written: an enum as a name, a pair of numbers as a list of them.
template <typename T>
struct WrittenAs {
  using type = T;
};
template <typename T>
requires std::is_enum_v<T>
struct WrittenAs<T> {
  using type = std::string;
};
template <>
struct WrittenAs<std::array<double, 2>> {
  using type = std::vector<double>;
};
template <>
struct WrittenAs<uint64_t> {
  using type = int64_t;
};
template <typename T>
using Written = typename WrittenAs<T>::type;

// A type that is read, described and shown by functions of its own (variants.h).
template <typename T>
concept ReadsItself = requires {
  T::kTypeName;
};

// The name of an option's type in messages and documentation.
template <typename T>
const char* TypeName() {
  if constexpr (ReadsItself<T>) {
    return T::kTypeName;
  } else if constexpr (std::is_same_v<T, bool>) {
    return "true or false";
  } else if constexpr (std::is_integral_v<T>) {
    return "an integer";
  } else if constexpr (std::is_floating_point_v<T>) {
    return "a number";
  } else if constexpr (std::is_same_v<T, std::string> || std::is_enum_v<T>) {
    return "text";
  } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
    return "a list of names";
  } else if constexpr (std::is_same_v<T, std::array<double, 2>>) {
    return "a list of two numbers";
  } else {
    return "a list of numbers";
  }
}

template <typename T>
constexpr OptionForm::Kind OptionKindOf() {
  using Kind = OptionForm::Kind;
  if constexpr (std::is_same_v<T, bool>) return Kind::kBool;
  if constexpr (std::is_integral_v<T>) return Kind::kInteger;
  if constexpr (std::is_floating_point_v<T>) return Kind::kNumber;
  if constexpr (std::is_same_v<T, std::vector<std::string>>) return Kind::kNames;
  if constexpr (std::is_same_v<T, std::vector<double>>) return Kind::kNumbers;
  if constexpr (std::is_same_v<T, std::array<double, 2>>) return Kind::kTwoNumbers;
  return Kind::kText;
}

// "'six' is not an integer".
std::string WrongType(const Value& value, const char* type_name);

template <typename W, typename Bound>
std::string TestBound(const W& value, const Bound& bound) {
  if constexpr (std::is_same_v<Bound, PositiveRange>) {
    return CheckRange(value, bound);
  } else if constexpr (std::is_same_v<W, std::vector<std::string>> ||
                       std::is_same_v<W, std::vector<double>>) {
    for (const auto& item : value) {
      if (std::string wrong = TestBound(item, bound); !wrong.empty()) return wrong;
    }
    return {};
  } else if constexpr (std::is_same_v<Bound, OneOf>) {
    return CheckChoice(value, bound);
  } else if constexpr (std::is_same_v<W, std::string>) {
    return CheckChoice(value, NamesOf(bound));
  } else {
    return CheckBound(static_cast<double>(value), bound);
  }
}

template <typename E, typename Bound>
void TakeChoice(const std::string& name, const Bound& bound, E& out) {
  if constexpr (std::is_same_v<Bound, Choices<E>>) {
    for (const auto& [one, value] : bound.names) {
      if (one == name) out = value;
    }
  }
}

template <typename T, typename... Bounds>
std::string ReadWritten(const Value& value, T& out, const Bounds&... bounds) {
  Written<T> written{};
  bool right = Read(value, written);
  if constexpr (std::is_same_v<T, std::array<double, 2>>) right = right && written.size() == 2;
  if (!right) return WrongType(value, TypeName<T>());
  std::string wrong;
  ((wrong = wrong.empty() ? TestBound(written, bounds) : wrong), ...);
  if (!wrong.empty()) return wrong;
  if constexpr (std::is_enum_v<T>) {
    static_assert((std::is_same_v<Bounds, Choices<T>> || ...), "an enum needs its Choices");
    (TakeChoice(written, bounds, out), ...);
  } else if constexpr (std::is_same_v<T, std::array<double, 2>>) {
    out = {written[0], written[1]};
  } else {
    out = static_cast<T>(std::move(written));
  }
  return {};
}

// Reads a value into `out`. Returns an empty string, or what is wrong; `out` is then unchanged.
template <typename T, typename... Bounds>
std::string ReadOption(const Value& value, T& out, const Bounds&... bounds) {
  if constexpr (ReadsItself<T>) {
    return out.ReadFrom(value);
  } else {
    return ReadWritten(value, out, bounds...);
  }
}

template <typename T, typename... Bounds>
std::string ShowOption(const T& value, const Bounds&... bounds) {
  if constexpr (ReadsItself<T>) {
    return value.ToString();
  } else if constexpr (std::is_enum_v<T>) {
    const auto name_in = [&value](const auto& bound) -> std::string {
      if constexpr (std::is_same_v<std::decay_t<decltype(bound)>, Choices<T>>) {
        return Show(ChoiceName(bound, value));
      } else {
        return {};
      }
    };
    return (std::string() + ... + name_in(bounds));
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return Show(static_cast<int64_t>(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    return Show(static_cast<double>(value));
  } else if constexpr (std::is_same_v<T, std::array<double, 2>>) {
    return Show(std::vector<double>(value.begin(), value.end()));
  } else {
    return Show(value);
  }
}

// Without default and assign.
template <typename T, typename... Bounds>
OptionSpec DescribeOption(std::string name, std::string doc, const Bounds&... bounds) {
  OptionSpec spec;
  spec.name = std::move(name);
  spec.type = TypeName<T>();
  spec.doc = std::move(doc);
  ((spec.bound += (spec.bound.empty() ? "" : ", ") + BoundText(bounds)), ...);
  if constexpr (ReadsItself<T>) {
    spec.form = T::Form();
  } else {
    spec.form.kind = OptionKindOf<T>();
  }
  (Narrow(spec.form, bounds), ...);
  return spec;
}

}  // namespace internal

// The options of a struct, each declared once, beside the member that holds it: S has a
//   static void Declare(OptionsOf<S>& options);
// and a component that has an S takes all of them with `spec.Options(&Self::member_)`.
template <typename S>
class OptionsOf {
 public:
  struct Declared {
    OptionSpec spec;  // without assign
    std::function<std::string(S&, const Value&)> assign;
  };

  // An option held in `member`, whose initialiser is its default.
  template <typename T, typename... Bounds>
  OptionsOf& Option(T S::*member, std::string name, std::string doc, Bounds... bounds) {
    OptionSpec spec = internal::DescribeOption<T>(std::move(name), std::move(doc), bounds...);
    spec.default_text = internal::ShowOption(S().*member, bounds...);
    declared_.push_back({std::move(spec), [member, bounds...](S& s, const Value& value) {
                           return internal::ReadOption(value, s.*member, bounds...);
                         }});
    return *this;
  }
  // The options of a struct within this one.
  template <typename Inner>
  OptionsOf& Options(Inner S::*member) {
    OptionsOf<Inner> inner;
    Inner::Declare(inner);
    for (const auto& one : inner.declared()) {
      declared_.push_back({one.spec, [member, assign = one.assign](S& s, const Value& value) {
                             return assign(s.*member, value);
                           }});
    }
    return *this;
  }

  const std::vector<Declared>& declared() const { return declared_; }

 private:
  std::vector<Declared> declared_;
};

}  // namespace flowtrain
