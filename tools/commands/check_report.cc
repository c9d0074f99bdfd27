#include "tools/commands/check_report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <vector>

#include "pipeline/base/text/text_table.h"
#include "pipeline/base/text/units.h"

namespace flowtrain {
namespace {

using nlohmann::json;

constexpr size_t kShown = 5;          // of a kind of finding
constexpr size_t kShownClasses = 20;  // in the table

std::string SizeOf(const CheckedImage& image) {
  return std::to_string(image.width) + 'x' + std::to_string(image.height);
}

double Share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// "12 images (1.2%)"
std::string Counted(uint64_t part, uint64_t whole) {
  return ShowCount(part, "image") + " (" + ShowPercent(Share(part, whole)) + ')';
}

std::string More(size_t count) {
  return count <= kShown ? "" : "  … and " + ShowCount(count - kShown) + " more (--json has all)\n";
}

std::string FormatTable(const CheckSummary& summary) {
  TextTable table;
  table.Add({"format", "images", "smallest", "median", "largest", "bytes"});
  for (const FormatSummary& format : summary.formats) {
    table.Add({format.name, ShowCount(format.images), SizeOf(format.smallest),
               SizeOf(format.median), SizeOf(format.largest), ShowGib(format.bytes)});
  }
  return table.ToString("  ");
}

std::string ClassTable(const CheckSummary& summary) {
  const auto& classes = summary.classes;
  if (classes.empty()) return "no classes\n";
  TextTable table;
  table.Add({"class", "to train on", "to judge on"});
  for (size_t i = 0; i < std::min(kShownClasses, classes.size()); ++i) {
    table.Add({classes[i].name, ShowCount(classes[i].trained), ShowCount(classes[i].judged_on)});
  }
  const auto [least, most] =
      std::minmax_element(classes.begin(), classes.end(),
                          [](const auto& a, const auto& b) { return a.trained < b.trained; });
  std::string text = table.ToString("  ");
  if (classes.size() > kShownClasses) {
    text += "  … and " + ShowCount(classes.size() - kShownClasses) + " more\n";
  }
  return ShowCount(classes.size()) + " classes, of " + ShowCount(least->trained) + " (" +
         least->name + ") to " + ShowCount(most->trained) + " (" + most->name + ") images:\n" +
         text;
}

std::string BadText(const CheckResult& result, const CheckSummary& summary) {
  if (summary.bad.empty()) return "every image can be read and decoded\n";
  std::string text = Counted(summary.bad.size(), result.images.size()) + " cannot be used:\n";
  for (size_t i = 0; i < std::min(kShown, summary.bad.size()); ++i) {
    const uint64_t place = summary.bad[i];
    text += "  " + result.names[place] + ": " + result.images[place].bad + '\n';
  }
  return text + More(summary.bad.size());
}

// "a.jpg = b.jpg = … (12 images)"
std::string GroupText(const CheckResult& result, const Group& group, const std::string& sign) {
  std::string text;
  for (size_t i = 0; i < std::min(kShown, group.size()); ++i) {
    text += (i == 0 ? "" : sign) + result.names[group[i]];
  }
  if (group.size() > kShown) text += sign + "… (" + ShowCount(group.size()) + " images)";
  return text;
}

std::string GroupsText(const CheckResult& result, const std::vector<Group>& groups,
                       const std::string& what) {
  std::string text = what + ", in " + ShowCount(groups.size(), "group") + ":\n";
  for (size_t i = 0; i < std::min(kShown, groups.size()); ++i) {
    text += "  " + GroupText(result, groups[i], " = ") + '\n';
  }
  return text + More(groups.size());
}

std::string DuplicatesText(const CheckResult& result, const CheckSummary& summary) {
  std::string text;
  if (result.copies.empty()) {
    text += "no two images have the same pixels\n";
  } else {
    text += GroupsText(result, result.copies,
                       ShowCount(summary.copies, "image") +
                           (summary.copies == 1 ? " is a copy" : " are copies") +
                           " of another, with the same decoded pixels");
    if (summary.other_labels > 0) {
      text += "  in " + ShowCount(summary.other_labels, "group") + " the labels differ\n";
    }
  }
  if (result.alike.empty()) {
    text += "no two other images look alike\n";
  } else {
    text +=
        GroupsText(result, result.alike,
                   ShowCount(summary.alike, "image") + (summary.alike == 1 ? " looks" : " look") +
                       " like another (scaled, compressed, slightly changed)");
  }
  if (result.plain > 0) {
    text += ShowCount(result.plain, "image") + (result.plain == 1 ? " is" : " are") +
            " of nearly one colour, and not compared by looks\n";
  }
  return text;
}

std::string LeaksText(const CheckResult& result, const CheckSummary& summary) {
  std::string text;
  if (result.judged_and_trained > 0) {
    text += ShowCount(result.judged_and_trained, "image") +
            (result.judged_and_trained == 1 ? " is" : " are") +
            " trained and judged on: data.splits says so\n";
  }
  if (summary.judged_on == 0) return text;
  if (summary.leaks.empty()) return text + "no image to judge on is among those to train on\n";
  text += Counted(summary.leaks.size(), summary.judged_on) + " to judge on " +
          (summary.leaks.size() == 1 ? "is" : "are") +
          " among those to train on, so the accuracy is too good:\n";
  for (size_t i = 0; i < std::min(kShown, summary.leaks.size()); ++i) {
    const Leak& leak = summary.leaks[i];
    text += "  " + result.names[leak.judged] + (leak.exact ? " = " : " looks like ") +
            result.names[leak.trained] + '\n';
  }
  return text + More(summary.leaks.size());
}

// "0.93"
std::string ShowSimilarity(double similarity) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2f", similarity);
  return text.data();
}

std::string SimilarText(const CheckResult& result, const CheckSummary& summary,
                        const ComparedBy& network) {
  const std::string by =
      network.checkpoint + " (similarity of " + ShowSimilarity(network.similarity) + " and more)";
  if (result.similar.empty()) return "no other images are similar by " + by + '\n';
  std::string text = ShowCount(summary.similar, "image") + (summary.similar == 1 ? " is" : " are") +
                     " similar to another by " + by + ", in " +
                     ShowCount(result.similar.size(), "group") +
                     "; these are candidates to look at, not findings:\n";
  for (size_t i = 0; i < std::min(kShown, result.similar.size()); ++i) {
    const SimilarGroup& group = result.similar[i];
    text += "  " + ShowSimilarity(group.similarity) + "  " +
            GroupText(result, group.images, " ~ ") + '\n';
  }
  text += More(result.similar.size());
  if (summary.similar_leaks.empty()) return text;
  text += Counted(summary.similar_leaks.size(), summary.judged_on) + " to judge on " +
          (summary.similar_leaks.size() == 1 ? "is" : "are") +
          " similar to images to train on, and may be copies of them:\n";
  for (size_t i = 0; i < std::min(kShown, summary.similar_leaks.size()); ++i) {
    const SimilarLeak& leak = summary.similar_leaks[i];
    text += "  " + ShowSimilarity(leak.similarity) + "  " + result.names[leak.judged] + " ~ " +
            result.names[leak.trained] + '\n';
  }
  return text + More(summary.similar_leaks.size());
}

std::string CostText(const CheckSummary& summary) {
  const uint64_t trained = summary.trained + summary.trained_bad;
  std::string text = "what this costs a training:\n";
  text += "  " + Counted(summary.trained_bad, trained) +
          " lost: others take their places in each epoch\n";
  text += "  " + Counted(summary.trained_copies, trained) +
          " decoded again in each epoch as copies, and taken for negatives of themselves\n";
  const double rate = summary.decode_seconds > 0
                          ? static_cast<double>(summary.trained) / summary.decode_seconds
                          : 0;
  text += "  decoding takes " + ShowDuration(summary.decode_seconds) + " of one core an epoch, " +
          ShowRate(rate) + " images/s; the slowest hundredth of the images takes " +
          ShowPercent(summary.slowest_share) + " of it\n";
  return text;
}

json NamesJson(const CheckResult& result, const Group& group) {
  json names = json::array();
  for (const uint64_t place : group) names.push_back(result.names[place]);
  return names;
}

json GroupsJson(const CheckResult& result, const std::vector<Group>& groups) {
  json out = json::array();
  for (const Group& group : groups) out.push_back(NamesJson(result, group));
  return out;
}

json SimilarJson(const CheckResult& result, const CheckSummary& summary,
                 const ComparedBy& network) {
  json groups = json::array(), leaks = json::array();
  for (const SimilarGroup& group : result.similar) {
    groups.push_back(
        {{"similarity", group.similarity}, {"images", NamesJson(result, group.images)}});
  }
  for (const SimilarLeak& leak : summary.similar_leaks) {
    leaks.push_back({{"judged_on", result.names[leak.judged]},
                     {"trained_on", result.names[leak.trained]},
                     {"similarity", leak.similarity}});
  }
  return {{"checkpoint", network.checkpoint},
          {"similarity", network.similarity},
          {"groups", groups},
          {"leaks", leaks}};
}

}  // namespace

std::string CheckText(const std::string& description, const CheckResult& result,
                      const CheckSummary& summary, const std::optional<ComparedBy>& network) {
  std::string text = description + '\n';
  text += ShowCount(summary.trained, "image") + " to train on";
  if (summary.judged_on > 0) text += ", " + ShowCount(summary.judged_on) + " more to judge on";
  return text + "\n\n" + FormatTable(summary) + '\n' + ClassTable(summary) + '\n' +
         BadText(result, summary) + DuplicatesText(result, summary) + LeaksText(result, summary) +
         (network ? SimilarText(result, summary, *network) : "") + '\n' + CostText(summary);
}

std::string CheckJson(const std::string& description, const CheckResult& result,
                      const CheckSummary& summary, const std::optional<ComparedBy>& network) {
  json out;
  out["data_set"] = description;
  out["well"] = summary.well();
  out["images"] = {{"to_train_on", summary.trained}, {"to_judge_on", summary.judged_on}};
  out["formats"] = json::array();
  for (const FormatSummary& format : summary.formats) {
    const auto size = [](const CheckedImage& image) { return json{image.width, image.height}; };
    out["formats"].push_back({{"format", format.name},
                              {"images", format.images},
                              {"bytes", format.bytes},
                              {"smallest", size(format.smallest)},
                              {"median", size(format.median)},
                              {"largest", size(format.largest)}});
  }
  out["classes"] = json::array();
  for (const ClassSummary& one : summary.classes) {
    out["classes"].push_back(
        {{"class", one.name}, {"to_train_on", one.trained}, {"to_judge_on", one.judged_on}});
  }
  out["bad"] = json::array();
  for (const uint64_t place : summary.bad) {
    out["bad"].push_back({{"image", result.names[place]}, {"reason", result.images[place].bad}});
  }
  out["copies"] = GroupsJson(result, result.copies);
  out["copies_with_other_labels"] = summary.other_labels;
  out["alike"] = GroupsJson(result, result.alike);
  out["plain"] = result.plain;
  out["leaks"] = json::array();
  for (const Leak& leak : summary.leaks) {
    out["leaks"].push_back({{"judged_on", result.names[leak.judged]},
                            {"trained_on", result.names[leak.trained]},
                            {"same_pixels", leak.exact}});
  }
  out["judged_and_trained"] = result.judged_and_trained;
  if (network) out["similar"] = SimilarJson(result, summary, *network);
  out["cost"] = {{"lost", summary.trained_bad},
                 {"decoded_again", summary.trained_copies},
                 {"decode_seconds", summary.decode_seconds},
                 {"slowest_hundredth", summary.slowest_share}};
  return out.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
}

}  // namespace flowtrain
