// fathom patterns: what --attn takes.
#include "command.h"
#include "fathom/attention/pattern.h"
#include "terminal.h"

namespace fathom {
namespace {

std::string show(const ParameterValue& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&value)) return nlohmann::json(*number).dump();
  return nlohmann::json(std::get<std::vector<int64_t>>(value)).dump();
}

int list_patterns() {
  std::string text;
  for (const PatternPlugin* pattern : patterns::all()) {
    text += std::string(pattern->name) + ": " + std::string(pattern->summary) + "\n";
    for (const ParameterInfo& parameter : pattern->parameters)
      text += "  " + std::string(parameter.name) + ": " + std::string(parameter.help) +
              (parameter.required ? "" : " (default: " + show(parameter.fallback) + ")") + "\n";
    if (!pattern->paper.empty()) text += "  from " + std::string(pattern->paper) + "\n";
  }
  const Status printed = print(text);
  return printed.ok() ? kDone : failed(printed.error());
}

}  // namespace

Command patterns_command(CLI::App& program) {
  CLI::App* app = program.add_subcommand("patterns", "List the attention patterns of --attn");
  app->footer(
      "Example:\n"
      "  fathom run -m smollm2-135m -f report.txt -p 'Summarise.' --attn 'window(size=1024)'");
  return {app, list_patterns};
}

}  // namespace fathom
