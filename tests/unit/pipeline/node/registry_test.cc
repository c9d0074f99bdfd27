#include "pipeline/node/registry.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace flowtrain {
namespace {

class RegistryTestResource final : public Resource {
 public:
  static void Declare(NodeSpec& spec) {
    spec.Doc("Is here to be registered.").Option(&RegistryTestResource::size, "size", 1, "Size.");
  }
  int size = 0;
};
FLOWTRAIN_REGISTER(RegistryTestResource);

class RegistryTestStep final : public StepNode {
 public:
  static void Declare(NodeSpec& spec) {
    spec.Input("steps", Stream::kStep)
        .Output("kept", Stream::kStep)
        .OnLane()
        .Uses("model", "Model")
        .MayUse("log", "Log");
  }
  void Process(Step&) override {}
};
FLOWTRAIN_REGISTER(RegistryTestStep);

TEST(Registry, HoldsWhatRegistersItself) {
  const Registry::Type* type = Registry::Global().Find("RegistryTestResource");
  ASSERT_NE(type, nullptr);
  EXPECT_EQ(type->spec.type, "RegistryTestResource");
  EXPECT_EQ(type->spec.kind, NodeSpec::Kind::kResource);
  EXPECT_NE(dynamic_cast<RegistryTestResource*>(type->make().get()), nullptr);
  EXPECT_EQ(Registry::Global().Find("Nothing"), nullptr);
}

TEST(Registry, KeepsTheDeclaration) {
  const NodeSpec& spec = Registry::Global().Find("RegistryTestStep")->spec;
  EXPECT_EQ(spec.kind, NodeSpec::Kind::kStep);
  EXPECT_TRUE(spec.on_lane);
  ASSERT_EQ(spec.uses.size(), 2u);
  EXPECT_FALSE(spec.uses[0].optional);
  EXPECT_TRUE(spec.uses[1].optional);
  EXPECT_EQ(spec.inputs.at(0).stream, Stream::kStep);
  EXPECT_EQ(spec.outputs.at(0).name, "kept");
}

TEST(Registry, RefusesANameThatIsTaken) {
  Registry registry;
  const auto make = [] { return std::make_unique<RegistryTestResource>(); };
  registry.Add("Twice", NodeSpec(), make);
  EXPECT_THROW(registry.Add("Twice", NodeSpec(), make), std::logic_error);
}

TEST(Registry, RefusesAnOptionDeclaredTwice) {
  Registry registry;
  NodeSpec spec;
  RegistryTestResource::Declare(spec);
  RegistryTestResource::Declare(spec);
  const auto make = [] { return std::make_unique<RegistryTestResource>(); };
  EXPECT_THROW(registry.Add("X", spec, make), std::logic_error);
}

}  // namespace
}  // namespace flowtrain
