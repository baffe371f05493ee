// fathom patterns: what --attn takes.
#include <memory>

#include "command.h"
#include "fathom/attention/pattern.h"
#include "fathom/base/parameter_parser.h"
#include "terminal.h"

namespace fathom {
namespace {

// "name(size=..., at=[0])": what may be left out with what it then is.
std::string form_of(const PatternPlugin& pattern) {
  std::string parameters;
  for (const ParameterInfo& parameter : pattern.parameters)
    parameters += (parameters.empty() ? "" : ", ") + std::string(parameter.name) + "=" +
                  (parameter.required ? "..." : to_text(parameter.fallback));
  return std::string(pattern.name) + (parameters.empty() ? "" : "(" + parameters + ")");
}

std::string as_text(const PatternPlugin& pattern) {
  std::string text = std::string(pattern.name) + ": " + std::string(pattern.summary) + "\n";
  for (const ParameterInfo& parameter : pattern.parameters)
    text += "  " + std::string(parameter.name) + ": " + std::string(parameter.help) +
            (parameter.required ? "" : " (default: " + to_text(parameter.fallback) + ")") + "\n";
  return text + "  from " + std::string(pattern.paper) + "\n";
}

// A row of docs/patterns.md.
std::string as_markdown(const PatternPlugin& pattern) {
  std::string meanings;
  for (const ParameterInfo& parameter : pattern.parameters)
    meanings += (meanings.empty() ? "`" : "; `") + std::string(parameter.name) +
                "`: " + std::string(parameter.help);
  return "| `" + form_of(pattern) + "` | " + std::string(pattern.summary) + " | " + meanings +
         " | " + std::string(pattern.paper) + " |\n";
}

int list_patterns(bool markdown) {
  std::string text;
  if (markdown)
    text = "| pattern | a query sees | parameters | from |\n| --- | --- | --- | --- |\n";
  for (const PatternPlugin* pattern : patterns::all())
    text += markdown ? as_markdown(*pattern) : as_text(*pattern);
  const Status printed = print(text);
  return printed.ok() ? kDone : failed(printed.error());
}

}  // namespace

Command patterns_command(CLI::App& program) {
  const auto markdown = std::make_shared<bool>(false);
  CLI::App* app = program.add_subcommand("patterns", "List the attention patterns of --attn");
  app->add_flag("--markdown", *markdown, "As a table, as docs/patterns.md has it");
  app->footer(
      "Examples, of --attn:\n"
      "  fathom run -m smollm2-135m -f report.txt -p 'Summarise.' --attn 'window(size=1024)'\n"
      "  fathom run ... --attn 'sinks(count=4) | window(size=1024) | every(step=64)'\n"
      "  fathom run ... --attn '0-3: full; even: streaming(window=1020); *: window(size=256)'\n"
      "  fathom run ... --attn 'window(size=512); heads 0,1: full'\n"
      "\n"
      "'fathom pattern SPEC' draws one.");
  return {app, [markdown] { return list_patterns(*markdown); }};
}

}  // namespace fathom
