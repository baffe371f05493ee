#include "terminal.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>

#include <unistd.h>

#include "fathom/text/utf8.h"

namespace fathom {
namespace {

// "4:05", "1:02:03".
std::string clock_time(double seconds) {
  const auto whole = static_cast<long>(std::ceil(seconds));
  char text[32];
  if (whole < 3600)
    std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  return text;
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t valid = find_invalid_utf8(text).value_or(text.size());
    for (size_t offset = 0; offset < valid;) {
      const char32_t c = next_code_point(text, offset);
      if (is_control(c))
        out += '?';
      else
        append_utf8(c, out);
    }
    if (valid == text.size()) break;
    out += '?';
    text.remove_prefix(valid + 1);
  }
  return out;
}

std::string grouped(size_t number) {
  std::string text = std::to_string(number);
  for (size_t i = text.size(); i > 3;) text.insert(i -= 3, " ");
  return text;
}

std::string human_number(double number) {
  char text[32];
  std::snprintf(text, sizeof text, number < 100 ? "%.1f" : "%.0f", number);
  return text;
}

std::string human_bytes(size_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " bytes";
  auto amount = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* next : {"kB", "MB", "GB", "TB"}) {
    if (amount < 999.5) break;
    amount /= 1000;
    unit = next;
  }
  return human_number(amount) + " " + unit;
}

Status print(std::string_view text) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return {};
  return Error{std::string("standard output: cannot write: ") + std::strerror(errno)};
}

Status print_json(const nlohmann::ordered_json& json) {
  return print(json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

ProgressLine::ProgressLine(std::string_view verb)
    : verb_(verb), on_terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void ProgressLine::show(const Progress& progress) {
  if (!on_terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (drawn_ && now - last_ < std::chrono::milliseconds(100)) return;
  std::string line =
      verb_ + " " + grouped(progress.done) + " of " + grouped(progress.total) + " tokens";
  if (progress.done > 0 && progress.seconds > 0) {
    const double speed = static_cast<double>(progress.done) / progress.seconds;
    const auto left = static_cast<double>(progress.total - progress.done);
    line += ", " + human_number(speed) + " tokens/s, " + clock_time(left / speed) + " left";
  }
  std::fputs(("\r\x1b[K" + line).c_str(), stderr);
  drawn_ = true;
  last_ = now;
}

}  // namespace fathom
