#include "fathom/eval/run_folder.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "fathom/base/file_mapping.h"
#include "fathom/base/whole_file.h"

namespace fathom {
namespace {

constexpr std::string_view kHeader = "/run.json";
constexpr std::string_view kResults = "/results.jsonl";
constexpr std::string_view kSamples = "/samples.jsonl";

Error error_at(const std::string& path, const std::string& what) {
  return Error{path + ": " + what};
}
Error errno_at(const std::string& path) { return error_at(path, std::strerror(errno)); }

Result<Json> parse(const std::string& path, std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return error_at(path, "is not JSON");
  return json;
}

struct Lines {
  std::vector<Json> lines;
  size_t bytes = 0;  // of whole lines
};

Result<Lines> read_lines(const std::string& path) {
  FATHOM_TRY(const std::string text, read_file(path));
  Lines found;
  for (size_t end; (end = text.find('\n', found.bytes)) != std::string::npos;
       found.bytes = end + 1) {
    const std::string_view content(text.data() + found.bytes, end - found.bytes);
    const std::string where = path + ", line " + std::to_string(found.lines.size() + 1);
    FATHOM_TRY(Json json, parse(where, content));
    found.lines.push_back(std::move(json));
  }
  return found;
}

Result<std::vector<Record>> records_of(const std::string& path, const Lines& lines) {
  std::vector<Record> records;
  for (const Json& line : lines.lines) {
    auto record = record_of(line);
    if (!record.ok())
      return error_at(path + ", line " + std::to_string(records.size() + 1),
                      "is no record: " + record.error().message);
    records.push_back(std::move(*record));
  }
  return records;
}

// What differs, so that a run cannot go on as another.
Status check_same(const std::string& path, const Json& there, const Json& asked) {
  for (const auto& [key, value] : asked.items()) {
    // These change what a run costs, and no answer.
    if (key == "threads" || key == "model" || key == "command") continue;
    const auto found = there.find(key);
    if (found != there.end() && *found == value) continue;
    const std::string was = found == there.end() ? "nothing" : found->dump();
    std::string what = "holds a run with ";
    what.append(key).append(" ").append(was).append(", not ").append(value.dump());
    return error_at(path, what + "; give another --out, or the settings it was begun with");
  }
  return {};
}

Result<int> open_for_append(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return errno_at(path);
  return fd;
}

// Cuts off what is not a whole line.
Status cut(const std::string& path, int fd, size_t bytes) {
  if (::ftruncate(fd, static_cast<off_t>(bytes)) != 0) return errno_at(path);
  return {};
}

}  // namespace

Result<RunHeader> RunFolder::read_header(const std::string& path) {
  const std::string file = path + std::string(kHeader);
  FATHOM_TRY(const std::string text, read_file(file));
  FATHOM_TRY(const Json json, parse(file, text));
  auto header = header_of(json);
  if (!header.ok()) return error_at(file, "is no run's header: " + header.error().message);
  return header;
}

Result<std::vector<Record>> RunFolder::read_records(const std::string& path) {
  const std::string file = path + std::string(kResults);
  FATHOM_TRY(const Lines lines, read_lines(file));
  return records_of(file, lines);
}

Result<RunFolder> RunFolder::open(const std::string& path, const RunHeader& header) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed) return error_at(path, "cannot be made: " + failed.message());
  RunFolder folder(path);
  FATHOM_CHECK(folder.lock());
  const Json asked = to_json(header);
  const std::string file = path + std::string(kHeader);
  if (std::filesystem::exists(file, failed)) {
    FATHOM_TRY(const std::string text, read_file(file));
    FATHOM_TRY(const Json there, parse(file, text));
    FATHOM_CHECK(check_same(path, there, asked));
  } else {
    FATHOM_CHECK(write_whole_file(file, asked.dump(2) + "\n"));
  }

  const std::string results = path + std::string(kResults);
  FATHOM_TRY(folder.results_, open_for_append(results));
  FATHOM_TRY(const Lines lines, read_lines(results));
  FATHOM_CHECK(cut(results, folder.results_, lines.bytes));
  FATHOM_TRY(folder.records_, records_of(results, lines));
  const std::string samples = path + std::string(kSamples);
  FATHOM_TRY(folder.samples_, open_for_append(samples));
  FATHOM_TRY(const Lines prompts, read_lines(samples));
  FATHOM_CHECK(cut(samples, folder.samples_, prompts.bytes));
  for (size_t i = 0; i < prompts.lines.size(); ++i) {
    const auto sample = prompts.lines[i].find("sample");
    if (sample == prompts.lines[i].end() || !sample->is_string())
      return error_at(samples + ", line " + std::to_string(i + 1), "names no sample");
    folder.prompted_.insert(sample->get<std::string>());
  }
  return folder;
}

Status RunFolder::lock() {
  lock_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ < 0) return errno_at(path_);
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
  return error_at(path_, "another process is measuring into it");
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      results_(std::exchange(other.results_, -1)),
      samples_(std::exchange(other.samples_, -1)),
      records_(std::move(other.records_)),
      prompted_(std::move(other.prompted_)) {}

RunFolder::~RunFolder() {
  for (const int fd : {results_, samples_, lock_})
    if (fd >= 0) ::close(fd);
}

Status RunFolder::append(int fd, const std::string& file, const Json& json) {
  const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (!write_all(fd, line) || ::fdatasync(fd) != 0) return errno_at(file);
  return {};
}

Status RunFolder::add(Record record) {
  FATHOM_CHECK(append(results_, path_ + std::string(kResults), to_json(record)));
  records_.push_back(std::move(record));
  return {};
}

Status RunFolder::add_prompt(const std::string& sample, const Json& prompt) {
  if (!prompted_.insert(sample).second) return {};
  Json line = {{"sample", sample}};
  line.update(prompt);
  return append(samples_, path_ + std::string(kSamples), line);
}

}  // namespace fathom
