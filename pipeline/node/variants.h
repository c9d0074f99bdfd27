// An option that is a list of maps: several things that share most of their options.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "pipeline/node/options.h"

namespace flowtrain {

namespace internal {

// "item 2: blur: must be …", counted from 1.
std::string WrongInItem(size_t item, const std::string& wrong);
// "there is no 'blurr'; did you mean 'blur'?"
std::string UnknownField(const std::string& name, const std::vector<std::string>& known);

}  // namespace internal

// Variants of a struct S that declares its options (OptionsOf): each map of the list overrides some
// of them. In a graph or a file of parameters:
//
//   views: [{count: 2, size: 224}, {count: 6, size: 96, crop_scale: [0.05, 0.4]}]
template <typename S>
class Variants {
 public:
  static constexpr const char* kTypeName = "a list of maps";

  bool empty() const { return maps_.empty(); }
  // `base` with the options that each map gives, in the order of the list.
  std::vector<S> Over(const S& base) const {
    std::vector<S> all;
    for (const Map& map : maps_) {
      S& one = all.emplace_back(base);
      for (const Given& given : map) given.assign(one, given.value);
    }
    return all;
  }

  // What an option asks of its type (options.h).
  std::string ReadFrom(const Value& value) {
    if (value.kind != Value::Kind::kList) return internal::WrongType(value, kTypeName);
    std::vector<Map> maps;
    for (const Value& item : value.items) {
      std::string wrong = ReadMap(item, maps.emplace_back());
      if (!wrong.empty()) return internal::WrongInItem(maps.size(), wrong);
    }
    maps_ = std::move(maps);
    return {};
  }
  static std::string ToString() { return "[]"; }  // of a default, which is empty
  static OptionForm Form() {
    OptionForm form;
    form.kind = OptionForm::Kind::kMaps;
    const OptionsOf<S> options = Declared();
    for (const auto& one : options.declared()) {
      form.fields.push_back({one.spec.name, one.spec.doc, one.spec.form});
    }
    return form;
  }

 private:
  struct Given {
    std::function<std::string(S&, const Value&)> assign;
    Value value;
  };
  using Map = std::vector<Given>;

  static OptionsOf<S> Declared() {
    OptionsOf<S> options;
    S::Declare(options);
    return options;
  }

  static std::string ReadMap(const Value& value, Map& map) {
    if (value.kind != Value::Kind::kMap) return internal::WrongType(value, "a map");
    const OptionsOf<S> options = Declared();
    for (const Entry& entry : value.entries) {
      std::string wrong = ReadEntry(entry, options, map);
      if (!wrong.empty()) return wrong;
    }
    return {};
  }

  static std::string ReadEntry(const Entry& entry, const OptionsOf<S>& options, Map& map) {
    std::vector<std::string> known;
    for (const auto& one : options.declared()) {
      known.push_back(one.spec.name);
      if (one.spec.name != entry.key) continue;
      S scratch;
      const std::string wrong = one.assign(scratch, entry.value);
      if (!wrong.empty()) return entry.key + ": " + wrong;
      map.push_back({one.assign, entry.value});
      return {};
    }
    return internal::UnknownField(entry.key, known);
  }

  std::vector<Map> maps_;
};

}  // namespace flowtrain
