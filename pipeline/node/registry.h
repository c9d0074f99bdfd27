// The types a graph file can name. A type registers itself with FLOWTRAIN_REGISTER in its .cc file,
// which is part of the program or of a plug-in.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>

#include "pipeline/node/node.h"
#include "pipeline/node/plugin.h"

namespace flowtrain {

class Registry {
 public:
  using Factory = std::function<std::unique_ptr<Component>()>;
  struct Type {
    NodeSpec spec;
    Factory make;
  };

  static Registry& Global();

  // Throws std::logic_error when the name is taken.
  void Add(std::string name, NodeSpec spec, Factory make);
  const Type* Find(const std::string& name) const;
  const std::map<std::string, Type>& types() const { return types_; }

 private:
  std::map<std::string, Type> types_;
};

namespace internal {

template <typename T>
constexpr NodeSpec::Kind KindOf() {
  if constexpr (std::is_base_of_v<SourceNode, T>) return NodeSpec::Kind::kSource;
  if constexpr (std::is_base_of_v<SampleNode, T>) return NodeSpec::Kind::kSample;
  if constexpr (std::is_base_of_v<CollateNode, T>) return NodeSpec::Kind::kCollate;
  if constexpr (std::is_base_of_v<WindowNode, T>) return NodeSpec::Kind::kWindow;
  if constexpr (std::is_base_of_v<StepNode, T>) return NodeSpec::Kind::kStep;
  return NodeSpec::Kind::kResource;
}

template <typename T>
void AddType(Registry& registry, const char* name) {
  NodeSpec spec;
  spec.type = name;
  spec.kind = KindOf<T>();
  T::Declare(spec);
  registry.Add(name, std::move(spec), [] { return std::make_unique<T>(); });
}

template <typename T>
bool Register(const char* name) {
  AddType<T>(Registry::Global(), name);
  return true;
}

}  // namespace internal

#ifdef FLOWTRAIN_PLUGIN  // outside the program, which adds the types once it knows that they fit
#define FLOWTRAIN_REGISTER(Type)                         \
  [[maybe_unused]] static const bool registered_##Type = \
      ::flowtrain::internal::NotePluginType(#Type, &::flowtrain::internal::AddType<Type>)
#else
#define FLOWTRAIN_REGISTER(Type)                         \
  [[maybe_unused]] static const bool registered_##Type = \
      ::flowtrain::internal::Register<Type>(#Type)
#endif

}  // namespace flowtrain
