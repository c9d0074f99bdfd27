// The variables of the launchers.

#include "nodes/distributed/launch/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "nodes/distributed/launch/window_share.h"
#include "tests/support/errors.h"

namespace flowtrain {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using Variables = std::map<std::string, std::string>;

Launch Read(const Variables& variables) {
  return ReadLaunch([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

std::string Refusal(const Variables& variables) {
  try {
    Read(variables);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "not refused";
}

Variables With(Variables variables, const Variables& more) {
  for (const auto& [name, value] : more) variables[name] = value;
  return variables;
}

const Variables kTorchrun = {{"RANK", "2"},
                             {"WORLD_SIZE", "4"},
                             {"LOCAL_RANK", "1"},
                             {"MASTER_ADDR", "10.0.0.7"},
                             {"MASTER_PORT", "29511"}};

TEST(Launch, WithoutVariablesThereIsOneRank) {
  const Launch launch = Read({});
  EXPECT_EQ(launch.rank, 0);
  EXPECT_EQ(launch.ranks, 1);
  EXPECT_EQ(launch.local_rank, 0);
  EXPECT_EQ(Read({{"MASTER_ADDR", "node1"}, {"MASTER_PORT", "29500"}}).ranks, 1);
}

TEST(Launch, Torchrun) {
  const Launch launch = Read(kTorchrun);
  EXPECT_EQ(launch.rank, 2);
  EXPECT_EQ(launch.ranks, 4);
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_EQ(launch.address, "10.0.0.7");
  EXPECT_EQ(launch.port, 29511);
  EXPECT_FALSE(launch.agent_store);
  EXPECT_TRUE(Read(With(kTorchrun, {{"TORCHELASTIC_USE_AGENT_STORE", "True"}})).agent_store);
  EXPECT_FALSE(Read(With(kTorchrun, {{"TORCHELASTIC_USE_AGENT_STORE", "False"}})).agent_store);
}

TEST(Launch, OneRankNeedsNoPlace) {
  EXPECT_EQ(Read({{"RANK", "0"}, {"WORLD_SIZE", "1"}}).ranks, 1);
  EXPECT_EQ(Read({{"WORLD_SIZE", "1"}}).ranks, 1);
}

TEST(Launch, OpenMpi) {
  const Variables mpi = {{"OMPI_COMM_WORLD_RANK", "3"},
                         {"OMPI_COMM_WORLD_SIZE", "4"},
                         {"OMPI_COMM_WORLD_LOCAL_RANK", "3"}};
  const Launch one_machine = Read(With(mpi, {{"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}}));
  EXPECT_EQ(one_machine.rank, 3);
  EXPECT_EQ(one_machine.ranks, 4);
  EXPECT_EQ(one_machine.local_rank, 3);
  EXPECT_EQ(one_machine.address, "127.0.0.1");
  EXPECT_NE(one_machine.port, 0);
  const Variables two_machines = With(mpi, {{"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}});
  EXPECT_THAT(Refusal(two_machines), HasSubstr("MASTER_ADDR is not set"));
  EXPECT_THAT(Refusal(With(two_machines, {{"MASTER_ADDR", "n1"}})),
              HasSubstr("MASTER_PORT is not"));
  EXPECT_EQ(Read(With(two_machines, {{"MASTER_ADDR", "n1"}, {"MASTER_PORT", "29500"}})).address,
            "n1");
}

TEST(Launch, Slurm) {
  const Variables slurm = {{"SLURM_PROCID", "5"},
                           {"SLURM_STEP_ID", "0"},
                           {"SLURM_NTASKS", "8"},
                           {"SLURM_LOCALID", "1"},
                           {"SLURM_JOB_NODELIST", "gpu[07-08,11]"},
                           {"SLURM_JOB_ID", "123456"}};
  const Launch launch = Read(slurm);
  EXPECT_EQ(launch.rank, 5);
  EXPECT_EQ(launch.ranks, 8);
  EXPECT_EQ(launch.local_rank, 1);
  EXPECT_EQ(launch.address, "gpu07");
  EXPECT_EQ(launch.port, 18456);
  EXPECT_EQ(Read(With(slurm, {{"MASTER_ADDR", "other"}, {"MASTER_PORT", "1234"}})).port, 1234);
  EXPECT_EQ(Read(With(slurm, {{"SLURM_STEP_NODELIST", "gpu11"}})).address, "gpu11");
}

// As sbatch and salloc set them: the script is one process, however many tasks the job may have.
TEST(Launch, WhatSrunHasNotStartedIsOneRank) {
  EXPECT_EQ(Read({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_JOB_ID", "7"}}).ranks, 1);
  EXPECT_EQ(Read({{"SLURM_NTASKS", "8"}, {"SLURM_JOB_ID", "7"}}).ranks, 1);
}

TEST(Launch, SlurmsTasksOfANodeShareItsCores) {
  Variables slurm = {{"SLURM_PROCID", "0"},        {"SLURM_STEP_ID", "0"},
                     {"SLURM_NTASKS", "11"},       {"SLURM_LOCALID", "0"},
                     {"SLURM_JOB_NODELIST", "n1"}, {"SLURM_JOB_ID", "1"},
                     {"SLURM_NODEID", "0"},        {"SLURM_STEP_TASKS_PER_NODE", "3(x2),4,1"}};
  for (const auto& [node, tasks] : {std::pair{"0", 3}, {"1", 3}, {"2", 4}, {"3", 1}, {"4", 1}}) {
    slurm["SLURM_NODEID"] = node;
    EXPECT_EQ(Read(slurm).local_ranks, tasks) << node;
  }
  slurm["SLURM_NODEID"] = "0";
  EXPECT_EQ(Read(slurm).node_cores, 0);
  const Launch launch = Read(With(slurm, {{"SLURM_CPUS_ON_NODE", "24"}}));
  EXPECT_EQ(launch.node_cores, 24);
  EXPECT_EQ(launch.local_ranks, 3);
}

// torchrun within srun: each of its processes inherits SLURM's variables, which count nodes.
TEST(Launch, TorchrunCountsBeforeWhatItWasStartedBy) {
  const Variables both =
      With(kTorchrun, {{"SLURM_PROCID", "0"}, {"SLURM_STEP_ID", "0"}, {"SLURM_NTASKS", "2"}});
  EXPECT_EQ(Read(both).ranks, 4);
  const Variables mpi = {{"OMPI_COMM_WORLD_RANK", "1"},
                         {"OMPI_COMM_WORLD_SIZE", "2"},
                         {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"},
                         {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                         {"SLURM_PROCID", "0"},
                         {"SLURM_STEP_ID", "0"},
                         {"SLURM_NTASKS", "1"}};
  EXPECT_EQ(Read(mpi).rank, 1);
}

TEST(Launch, PartialVariablesAreRefusedByName) {
  EXPECT_THAT(Refusal({{"RANK", "0"}}), AllOf(HasSubstr("RANK is set"), HasSubstr("WORLD_SIZE")));
  EXPECT_THAT(Refusal({{"WORLD_SIZE", "2"}}),
              AllOf(HasSubstr("WORLD_SIZE is set"), HasSubstr("RANK is not"), HasSubstr("unset")));
  EXPECT_THAT(Refusal({{"LOCAL_RANK", "0"}}), HasSubstr("LOCAL_RANK is set"));
  EXPECT_THAT(Refusal({{"RANK", "0"}, {"WORLD_SIZE", "2"}}), HasSubstr("MASTER_ADDR is not set"));
  EXPECT_THAT(Refusal({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}}),
              HasSubstr("MASTER_PORT is not set"));
  EXPECT_THAT(Refusal({{"SLURM_PROCID", "0"}, {"SLURM_STEP_ID", "0"}, {"SLURM_NTASKS", "2"}}),
              HasSubstr("MASTER_ADDR"));
}

TEST(Launch, ContradictoryVariablesAreRefusedByName) {
  EXPECT_THAT(Refusal(With(kTorchrun, {{"RANK", "4"}})),
              AllOf(HasSubstr("RANK is 4"), HasSubstr("WORLD_SIZE is 4")));
  EXPECT_THAT(Refusal(With(kTorchrun, {{"LOCAL_RANK", "3"}})),
              AllOf(HasSubstr("LOCAL_RANK is 3"), HasSubstr("RANK is 2")));
  for (const char* text : {"", "x", "-1", "1.5", "2 ", "99999999999"}) {
    EXPECT_THAT(Refusal(With(kTorchrun, {{"RANK", text}})), HasSubstr("RANK is '")) << text;
    EXPECT_THAT(Refusal(With(kTorchrun, {{"MASTER_PORT", text}})), HasSubstr("MASTER_PORT is '"));
  }
  EXPECT_THAT(Refusal(With(kTorchrun, {{"WORLD_SIZE", "0"}})), HasSubstr("WORLD_SIZE is '0'"));
  EXPECT_THAT(Refusal(With(kTorchrun, {{"MASTER_PORT", "65536"}})), HasSubstr("65535"));
}

TEST(Launch, FirstHostOfANodeList) {
  EXPECT_EQ(FirstHost("node1"), "node1");
  EXPECT_EQ(FirstHost("node1,node2"), "node1");
  EXPECT_EQ(FirstHost("node[03-05,9],gpu1"), "node03");
  EXPECT_EQ(FirstHost("node[7,9]"), "node7");
  EXPECT_EQ(FirstHost("rack[1-2]n[10-11].cluster,x"), "rack1n10.cluster");
  for (const char* list : {"", "node[", "node[]", ",a", "[1"}) {
    EXPECT_THROW(FirstHost(list), ConfigError) << list;
  }
}

TEST(Launch, Loopback) {
  for (const char* own : {"localhost", "127.0.0.1", "127.1.2.3", "::1"})
    EXPECT_TRUE(IsLoopback(own));
  for (const char* other : {"node1", "10.0.0.1", "0.0.0.0", "::"}) EXPECT_FALSE(IsLoopback(other));
}

TEST(WindowShare, EveryBatchIsInOneShareAndSharesAreInOrder) {
  for (int ranks = 1; ranks <= 5; ++ranks) {
    for (int batches = 1; batches <= 12; ++batches) {
      int next = 0, least = batches, most = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const WindowShare share = ShareOf(batches, rank, ranks);
        EXPECT_EQ(share.first, next);
        next += share.count;
        least = std::min(least, share.count);
        most = std::max(most, share.count);
        EXPECT_LT(SpareBatch(batches, rank, ranks), batches);
      }
      EXPECT_EQ(next, batches);
      EXPECT_LE(most - least, 1);
    }
  }
}

}  // namespace
}  // namespace flowtrain
