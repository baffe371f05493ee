#include "fathom/text/text_ends.h"

namespace fathom {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// Quotes and brackets may close behind the mark that ends a sentence.
bool ends_sentence(std::string_view bytes) {
  const size_t last = bytes.find_last_not_of(" \t\r\n\"')]");
  return last != std::string_view::npos &&
         std::string_view(".!?").find(bytes[last]) != std::string_view::npos;
}

}  // namespace

TextEnd TextEnds::next(std::string_view bytes) {
  bool breaks = false;
  for (const char c : bytes) {
    if (c == '\n') {
      ++line_breaks_;
      breaks = true;
    } else if (!is_blank(c)) {
      line_breaks_ = 0;
    }
  }
  if (breaks && line_breaks_ >= 3) return TextEnd::section;
  if (breaks && line_breaks_ == 2) return TextEnd::paragraph;
  if ((breaks && line_breaks_ == 1) || ends_sentence(bytes)) return TextEnd::sentence;
  return TextEnd::nothing;
}

}  // namespace fathom
