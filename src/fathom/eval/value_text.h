// Figures as people read them in tables and pictures.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/eval/statistics.h"
#include "fathom/eval/task.h"

namespace fathom {

// "92.4 %", "0.0312", and of the logarithm that an exponential metric is, "14.2". Not a number:
// "–".
std::string value_text(double value, Metric::Shown shown);
// "[88.1, 95.6]", in the unit of value_text().
std::string range_text(const Interval& interval, Metric::Shown shown);
// A difference of two values, with its sign: "+3.1 points", "−0.0021", and of an exponential
// metric what the ratio is, "+1.2 %".
std::string difference_text(double difference, Metric::Shown shown);

std::string number_text(double value);  // three digits that count: "0.0312", "14.2", "2,051"
std::string count_text(size_t count);   // "8,192"
std::string bytes_text(double bytes);   // "1.5 MiB"
std::string share_text(double share);   // "12.5 %", "6.25 %"
// Of a share below 1, in words where there are some: "an eighth", "31 %".
std::string fraction_text(double share);

// A technique's label without its parameters' names, and shares as such:
// "window(size=1024) | sinks(count=4)" is "window 1024 | sinks 4", "snapkv(budget=0.125)" is
// "snapkv 12.5 %". Parameters inside parameters stay as they are.
std::string short_label(std::string_view label);

// A model as people call it: of a file its name without folders and ".gguf".
std::string model_text(std::string_view model);

// Text as UTF-8, whatever bytes it has: what is not becomes U+FFFD.
std::string as_utf8(std::string_view bytes);

// The text, or as much of its beginning and end as `width` pixels hold, "…" between them.
std::string elided(std::string_view text, double width, double size, bool bold = false);

// Broken at spaces into lines of no more than `width` pixels; a word that is wider is elided.
std::vector<std::string> wrapped(std::string_view text, double width, double size, bool bold);

}  // namespace fathom
