#include "fathom/eval/report.h"

#include <algorithm>
#include <cstdlib>
#include <regex>

#include <gtest/gtest.h>

#include "fathom/base/svg.h"
#include "fathom/base/whole_file.h"
#include "fathom/eval/test_runs.h"

namespace fathom {
namespace {

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// Every element that begins ends, in the right order; nothing is left unescaped.
void expect_well_formed(const std::string& markup) {
  const std::regex tag("<(/?)([a-z1-6]+)((?: [a-zA-Z-]+=\"[^\"<]*\")*)(/?)>");
  std::vector<std::string> open;
  size_t end = 0;
  for (auto match = std::sregex_iterator(markup.begin(), markup.end(), tag);
       match != std::sregex_iterator(); ++match) {
    const auto begin = static_cast<size_t>(match->position());
    ASSERT_EQ(markup.substr(end, begin - end).find_first_of("<>"), std::string::npos)
        << markup.substr(end, begin - end);
    end = begin + static_cast<size_t>(match->length());
    if ((*match)[1] == "/") {
      ASSERT_FALSE(open.empty());
      ASSERT_EQ(open.back(), (*match)[2]);
      open.pop_back();
    } else if ((*match)[4] != "/") {
      open.push_back((*match)[2]);
    }
  }
  EXPECT_TRUE(open.empty());
  EXPECT_EQ(markup.substr(end).find_first_of("<>"), std::string::npos);
}

std::string unescaped(std::string text) {
  for (const auto& [entity, character] : {std::pair("&lt;", "<"), std::pair("&gt;", ">"),
                                          std::pair("&quot;", "\""), std::pair("&amp;", "&")})
    for (size_t at; (at = text.find(entity)) != std::string::npos;)
      text.replace(at, std::string_view(entity).size(), character);
  return text;
}

// Every text that is not turned lies inside the picture, as wide as text_width() says.
void expect_text_inside(const std::string& svg) {
  const std::regex size("<svg[^>]* width=\"([^\"]*)\" height=\"([^\"]*)\"");
  std::smatch canvas;
  ASSERT_TRUE(std::regex_search(svg, canvas, size));
  const double width = std::stod(canvas[1]), height = std::stod(canvas[2]);
  const std::regex text(
      "<text x=\"([^\"]*)\" y=\"([^\"]*)\" font-size=\"([^\"]*)\" text-anchor=\"([^\"]*)\"([^>]*)>"
      "([^<]*)<");
  for (auto match = std::sregex_iterator(svg.begin(), svg.end(), text);
       match != std::sregex_iterator(); ++match) {
    const std::smatch& found = *match;
    const double x = std::stod(found[1]), y = std::stod(found[2]);
    EXPECT_GE(y, 0) << found[6];
    EXPECT_LE(y, height) << found[6];
    if (found[5].str().find("rotate") != std::string::npos) continue;
    const bool bold = found[5].str().find("bold") != std::string::npos;
    const double wide = text_width(unescaped(found[6]), std::stod(found[3]), bold);
    const double left = found[4] == "start" ? x : found[4] == "end" ? x - wide : x - wide / 2;
    EXPECT_GE(left, -1) << found[6];
    EXPECT_LE(left + wide, width + 1) << found[6];
  }
}

void expect_good(const RunResults& run) {
  for (const auto& [name, svg] : pictures({run})) {
    SCOPED_TRACE(name);
    expect_well_formed(svg);
    expect_text_inside(svg);
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
  }
  EXPECT_EQ(to_html({run}).find("nan"), std::string::npos);
}

TEST(Report, ManyTechniquesAndLengths) {
  for (const std::span<const Metric> metrics :
       {std::span<const Metric>(kDivergence), std::span<const Metric>(kFound),
        std::span<const Metric>(kPerplexity)}) {
    const Task task = test_task(metrics);
    const RunResults run = test_run(task, test_techniques(), {2048, 4096, 8192}, 10);
    ASSERT_EQ(run.header.techniques.size(), 30u);
    expect_good(run);
    // FATHOM_REPORT=FOLDER: to look at.
    if (const char* folder = std::getenv("FATHOM_REPORT")) {
      ASSERT_TRUE(write_whole_file(
          std::string(folder) + "/" + std::string(metrics[0].name) + ".html", to_html({run})));
    }
  }
}

TEST(Report, HasTheScatterOfEveryLengthAndEveryView) {
  const Task task = test_task(kFound);
  const RunResults run = test_run(task, test_techniques(), {2048, 4096}, 4);
  std::vector<std::string> names;
  for (const auto& picture : pictures({run})) names.push_back(picture.first);
  EXPECT_EQ(names, (std::vector<std::string>{
                       "pretend-work-4096", "pretend-time-4096", "pretend-work-2048",
                       "pretend-time-2048", "pretend-by-length", "pretend-by-depth",
                       "pretend-by-depth-2048", "pretend-by-depth-4096", "pretend-by-kind",
                       "pretend-curve-2048", "pretend-curve-4096"}));
}

TEST(Report, AnswersStandAsTheyWereWritten) {
  const Task task = test_task(kFound);
  RunResults run = test_run(task, {test_technique("model", "keep")}, {1000}, 1);
  run.records[0].measured.details["answer"] = "**Figs** & cheese";
  EXPECT_NE(to_html({run}).find("<td>**Figs** &amp; cheese</td>"), std::string::npos);
}

// Of one pair the interval is the difference alone, which says nothing of how sure it is.
TEST(Report, DifferencesOfOnePairAreNotBold) {
  const Task task = test_task(kDivergence);
  const std::vector<Technique> two = {test_technique("model", "keep"),
                                      test_technique("window(size=64)", "keep")};
  for (const size_t samples : {1, 10}) {
    RunResults run = test_run(task, two, {1000}, samples);
    for (Record& record : run.records)
      record.measured.values["divergence"] = static_cast<double>(record.technique);
    EXPECT_EQ(count_of(to_html({run}), "<strong>"), samples > 1 ? 1u : 0u) << samples;
  }
}

TEST(Report, OneRecordAndNone) {
  const Task task = test_task(kFound);
  const RunResults one = test_run(task, {test_technique("model", "keep")}, {1000}, 1);
  ASSERT_EQ(one.records.size(), 1u);
  expect_good(one);
  RunResults none = one;
  none.records.clear();
  EXPECT_TRUE(pictures({none}).empty());
  EXPECT_NE(to_html({none}).find("Nothing was measured."), std::string::npos);
  EXPECT_EQ(count_of(to_csv(none), "\n"), 1u);
}

TEST(Report, ValuesThatAreNoNumbers) {
  const Task task = test_task(kDivergence);
  RunResults run = test_run(task, test_techniques(), {2048}, 3);
  for (size_t i = 0; i < run.records.size(); i += 3) {
    run.records[i].measured.values["divergence"] = nullptr;
    run.records[i].measured.costs["seconds"] = nullptr;
    run.records[i].measured.curves["curve"] = {{0, nullptr}, 7};
  }
  for (Record& record : run.records)
    if (record.technique == 3) record.measured.values["divergence"] = nullptr;
  expect_good(run);
  EXPECT_EQ(to_csv(run).find("nan"), std::string::npos);
}

TEST(Report, HostileNamesAreText) {
  const Task task = test_task(kFound);
  RunResults run = test_run(task, test_techniques(), {2048, 4096}, 2);
  const std::string evil = "<script>alert(\"1\")</script>&\xff\x01";
  run.header.model = evil;
  run.header.techniques[1].attn = evil + std::string(2000, 'x');
  run.header.files.push_back({{"name", evil}, {"sha256", "0"}});
  run.header.flags[evil] = {evil};
  for (Record& record : run.records) {
    record.sample = evil;
    record.facts["kind"] = evil;
    record.measured.details = {{"answer", evil}, {"references", {evil}}};
  }
  for (const auto& [name, svg] : pictures({run})) {
    expect_well_formed(svg);
    expect_text_inside(svg);
    EXPECT_EQ(svg.find("<script"), std::string::npos);
  }
  const std::string html = to_html({run});
  EXPECT_EQ(count_of(html, "<script"), 1u) << "its own";
  EXPECT_EQ(html.find('\xff'), std::string::npos);
  EXPECT_EQ(html.find('\x01'), std::string::npos);
}

TEST(Report, TheFindingIsMarketedAgainstEffective) {
  Task task = test_task(kFound);
  task.passing = 0.856;
  RunResults run = test_run(task, {test_technique("model", "keep")}, {2048, 4096}, 10);
  for (Record& record : run.records)
    record.measured.values["found"] = record.length == 2048 || record.sample.back() < '5' ? 1 : 0;
  EXPECT_NE(to_html({run}).find("Marketed 8,192 tokens; effective 2,048 (answers found at least "
                                "85.6 %, under full)."),
            std::string::npos);
  for (Record& record : run.records) record.measured.values["found"] = 0;
  EXPECT_NE(to_html({run}).find("effective at none of the lengths measured"), std::string::npos);
}

TEST(Report, NothingIsFetched) {
  const Task task = test_task(kFound);
  std::string html = to_html({test_run(task, test_techniques(), {2048}, 2)});
  const std::string xmlns = "xmlns=\"http://www.w3.org/2000/svg\"";
  for (size_t at; (at = html.find(xmlns)) != std::string::npos;) html.erase(at, xmlns.size());
  for (const char* part : {"http:", "https:", "src=", "href=", "@import", "url("})
    EXPECT_EQ(html.find(part), std::string::npos) << part;
}

TEST(Report, SeveralRunsAreSectionsWithNamesOfTheirOwn) {
  const Task found = test_task(kFound), divergence = test_task(kDivergence);
  const std::vector<RunResults> runs = {test_run(found, test_techniques(), {2048}, 2),
                                        test_run(divergence, test_techniques(), {2048}, 2)};
  EXPECT_EQ(count_of(to_html(runs), "<h2>"), 2u);
  std::vector<std::string> names;
  for (const auto& picture : pictures(runs)) names.push_back(picture.first);
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

TEST(Report, CsvHasALineATechniqueAndLength) {
  const Task task = test_task(kFound);
  RunResults run =
      test_run(task, {test_technique("model", "keep"), test_technique("window(size=8), x", "keep")},
               {512, 1024}, 3);
  run.header.model = "a \"b\", c";
  const std::string csv = to_csv(run);
  EXPECT_EQ(count_of(csv, "\n"), 5u);
  EXPECT_TRUE(csv.starts_with(
      "task,model,technique,attn,kv,kv_split,rope,length,samples,found,found_low,found_high,exact,"
      "exact_low,exact_high,against_first,against_first_low,against_first_high,seconds,"
      "read_seconds,read_tokens,pairs_scored,mass_kept,kv_bytes,kept\n"))
      << csv;
  EXPECT_NE(csv.find("pretend,\"a \"\"b\"\", c\",full,model,keep,uniform,auto,512,3,1.0,"),
            std::string::npos)
      << csv;
  EXPECT_NE(csv.find("\"window(size=8), x\""), std::string::npos);
}

}  // namespace
}  // namespace fathom
