#include "tools/doctor/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/temp_folder.h"
#include "tools/doctor/environment_checks.h"
#include "tools/doctor/folder_checks.h"
#include "tools/doctor/gpu_checks.h"
#include "tools/doctor/machine_checks.h"

namespace flowtrain {
namespace {

using Level = Finding::Level;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

auto Says(Level level, const std::string& subject, const std::string& text) {
  return AllOf(Field(&Finding::level, level), Field(&Finding::subject, subject),
               Field(&Finding::text, HasSubstr(text)));
}

constexpr size_t kGiB = size_t{1} << 30;

TEST(Gpu, NoneIsAWarningAndOneThatCannotBeUsedAFault) {
  GpuFacts facts;
  facts.wanted = "auto";
  facts.trouble = "there is none";
  EXPECT_THAT(CheckGpu(facts), ElementsAre(Says(Level::kWarning, "GPU", "on the CPU")));
  facts.is_there = true;
  facts.trouble = "the NVIDIA driver is too old";
  EXPECT_THAT(CheckGpu(facts), ElementsAre(Says(Level::kBad, "GPU", "driver is too old")));
  facts.is_there = false;
  facts.wanted = "cuda";
  EXPECT_THAT(CheckGpu(facts), ElementsAre(Says(Level::kBad, "GPU", "driver is too old")));
  facts.wanted = "cpu";
  EXPECT_THAT(CheckGpu(facts), ElementsAre(Says(Level::kGood, "GPU", "not wanted")));
}

TEST(Gpu, OneThatWorksIsDescribed) {
  GpuFacts facts;
  facts.wanted = "auto";
  facts.is_there = true;
  facts.name = "NVIDIA GeForce RTX 3060";
  facts.driver = 13010;
  facts.cudnn = 91002;
  facts.free_bytes = 2 * kGiB;
  facts.total_bytes = 12 * kGiB;
  EXPECT_THAT(
      CheckGpu(facts),
      ElementsAre(Says(Level::kGood, "GPU", "RTX 3060"), Says(Level::kGood, "GPU driver", "13.1"),
                  Says(Level::kWarning, "GPU memory", "2.0 GiB free of 12.0"),
                  Says(Level::kGood, "cuDNN", "9.10.2")));
}

TEST(Machine, WorkersAndMemoryAreHeldAgainstWhatThereIs) {
  MachineFacts facts;
  facts.cpu = {.affinity = 8, .quota = 2, .usable = 2};
  facts.workers = 6;
  facts.room.bytes = 4 * kGiB;
  facts.pool_bytes = 1 * kGiB;
  EXPECT_THAT(CheckMachine(facts),
              ElementsAre(Says(Level::kWarning, "CPU cores", "a cgroup allows 2.0 of 8"),
                          Says(Level::kGood, "Memory", "4.0 GiB available")));
  facts.workers = 2;
  facts.pool_bytes = 3 * kGiB;
  EXPECT_THAT(CheckMachine(facts),
              ElementsAre(Says(Level::kGood, "CPU cores", "data.num_workers 2"),
                          Says(Level::kWarning, "Memory", "take 3.0 GiB")));
  facts.pool_bytes = 5 * kGiB;
  EXPECT_THAT(CheckMachine(facts), Contains(Says(Level::kBad, "Memory", "take 5.0 GiB")));
}

// What WSL2 looks like from inside.
class Wsl : public ::testing::Test {
 protected:
  void Write(const std::string& memory_kib, const std::string& swap_kib) const {
    folder_.Write("proc/meminfo", "MemTotal:       " + memory_kib +
                                      " kB\nMemFree: 5 kB\nSwapTotal:  " + swap_kib +
                                      " kB\nHugePages_Total:       0\n");
    folder_.Write("proc/sys/kernel/osrelease", "5.15.167.4-microsoft-standard-WSL2\n");
  }
  const TempFolder folder_;
};

TEST_F(Wsl, ItsMemoryIsComparedWithTheGuides) {
  Write("8000000", "2000000");
  MachineFacts facts = ReadMachineFacts(1, 0, folder_.path());
  EXPECT_TRUE(facts.wsl);
  EXPECT_EQ(facts.memory, uint64_t{8000000} * 1024);
  EXPECT_THAT(CheckMachine(facts),
              AllOf(Contains(AllOf(Says(Level::kWarning, "WSL2 memory", "7.6 GiB of memory"),
                                   Field(&Finding::remedy, HasSubstr("memory=20GB swap=8GB")))),
                    Contains(Says(Level::kWarning, "WSL2 GPU", "no /dev/dxg"))));
  Write("20000000", "8000000");
  folder_.Write("dev/dxg", "");
  facts = ReadMachineFacts(1, 0, folder_.path());
  EXPECT_THAT(CheckMachine(facts), AllOf(Contains(Says(Level::kGood, "WSL2 memory", "19.1 GiB")),
                                         Contains(Says(Level::kGood, "WSL2 GPU", "/dev/dxg"))));
}

TEST(Environment, TheGuidesVariablesAreJudged) {
  std::map<std::string, std::string> variables;
  const auto get = [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  EXPECT_THAT(CheckEnvironment(get), ElementsAre(Says(Level::kGood, "Environment", "nothing")));
  variables = {{"CUDA_LAUNCH_BLOCKING", "0"}, {"TORCH_CUDNN_V8_API_ENABLED", "1"}};
  EXPECT_THAT(
      CheckEnvironment(get),
      ElementsAre(Says(Level::kGood, "Environment", "TORCH_CUDNN_V8_API_ENABLED=1: does nothing")));
  variables = {{"CUDA_LAUNCH_BLOCKING", "1"}, {"NVIDIA_TF32_OVERRIDE", "0"}};
  EXPECT_THAT(CheckEnvironment(get),
              ElementsAre(AllOf(Says(Level::kWarning, "Environment", "waits for every kernel"),
                                Field(&Finding::remedy, "unset CUDA_LAUNCH_BLOCKING")),
                          Says(Level::kWarning, "Environment", "TF32")));
}

TEST(Folders, AreTriedAndLeftAsTheyWere) {
  const TempFolder folder;
  folder.Write("data/a.bin", std::string(100000, 'x'));
  EXPECT_THAT(CheckDataFolder(folder / "data"),
              Contains(Says(Level::kGood, "Data folder", "MiB/s from")));
  const Findings run = CheckRunFolder(folder / "runs/not/there", 1 << 20);
  EXPECT_THAT(run, AllOf(Contains(Says(Level::kGood, "Disk space", "a checkpoint takes 1 MiB")),
                         Contains(Says(Level::kGood, "Locks", "work"))));
  EXPECT_FALSE(std::filesystem::exists(folder / "runs"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  EXPECT_THAT(CheckRunFolder(folder.path(), uint64_t{1} << 60),
              Contains(Says(Level::kBad, "Disk space", "a checkpoint takes")));
  EXPECT_THAT(CheckRunFolder("/proc", 1),
              Contains(Says(Level::kBad, "Run folder", "cannot be written")));
}

TEST(Folders, SlowFileSystemsAreNamed) {
  EXPECT_THAT(SlowFileSystem(0x01021997, "/mnt/c/data"), HasSubstr("Windows"));
  EXPECT_THAT(SlowFileSystem(0x01021997, "/host"), HasSubstr("9p"));
  EXPECT_THAT(SlowFileSystem(0x6969, "/home"), HasSubstr("network"));
  EXPECT_EQ(SlowFileSystem(0xEF53, "/home"), "");  // ext4
}

TEST(Doctor, TextAndJsonSayTheSame) {
  const Findings findings = {Good("A", "fine"), Warn("B", "so so", "do this"),
                             Fault("C", "bad", "do that")};
  EXPECT_EQ(ToText(findings),
            "✓ A: fine\n! B: so so\n    do this\n✗ C: bad\n    do that\n\n"
            "1 fault to mend first\n");
  EXPECT_TRUE(HasFault(findings));
  const auto json = nlohmann::json::parse(ToJson(findings));
  EXPECT_EQ(json["ok"], false);
  EXPECT_EQ(json["findings"][1]["level"], "warning");
  EXPECT_EQ(json["findings"][2]["remedy"], "do that");
  EXPECT_THAT(ToText({Good("A", "fine")}), HasSubstr("all is well"));
}

TEST(Doctor, TheCacheOfImagesCountsAsMemoryThatARunTakes) {
  GraphRequest request;
  request.graph = FLOWTRAIN_SOURCE_DIR "/graphs/simclr.yaml";
  request.sets = {"data.kind=sample", "data.image_size=1024", "data.batch_size=64",
                  "data.batch_slots=4"};  // 4 x 2 x 64 x 1024^2 x 3 bytes
  EXPECT_THAT(Examine(request), Contains(AllOf(Field(&Finding::subject, "Memory"),
                                               Field(&Finding::text, HasSubstr("take 1.5 GiB")))));
  request.sets.insert(request.sets.end(), {"data.cache=memory", "data.cache_budget=10240 GiB"});
  EXPECT_THAT(Examine(request), Contains(Says(Level::kBad, "Memory", "take 10241.5 GiB")));
}

}  // namespace
}  // namespace flowtrain
