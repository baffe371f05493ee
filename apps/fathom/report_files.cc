#include "report_files.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "fathom/base/whole_file.h"
#include "fathom/eval/png.h"
#include "fathom/eval/run_folder.h"

namespace fathom {
namespace {

Status make_folder(const std::string& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  return failed ? Status(Error{path + ": cannot be made: " + failed.message()}) : Status();
}

}  // namespace

Status write_report(const std::string& folder, const std::vector<RunResults>& runs) {
  const std::string plots = folder + "/plots";
  FATHOM_CHECK(make_folder(plots));
  if (runs.size() == 1)
    FATHOM_CHECK(write_whole_file(folder + "/results.csv", to_csv(runs.front())));
  FATHOM_CHECK(write_whole_file(folder + "/report.html", to_html(runs)));
  for (const auto& [name, svg] : pictures(runs)) {
    std::string path = plots;
    path.append("/").append(name);
    FATHOM_CHECK(write_whole_file(path + ".svg", svg));
    FATHOM_CHECK(write_png(path + ".svg", path + ".png"));
  }
  return {};
}

Result<RunResults> read_run(const std::string& folder) {
  RunResults run;
  FATHOM_TRY(run.header, RunFolder::read_header(folder));
  const auto found = std::ranges::find(tasks::all(), std::string_view(run.header.task),
                                       [](const Task* task) { return task->name; });
  if (found == tasks::all().end())
    return Error{folder + ": is of a task '" + run.header.task + "' that is not known"};
  run.task = *found;
  FATHOM_TRY(run.records, RunFolder::read_records(folder));
  for (const Record& record : run.records)
    if (record.technique >= run.header.techniques.size())
      return Error{folder + ": sample " + record.sample + " is of technique " +
                   std::to_string(record.technique) + ", and the run has " +
                   std::to_string(run.header.techniques.size())};
  return run;
}

}  // namespace fathom
