// fathom patterns: what --attn takes.
#include <memory>

#include "command.h"
#include "fathom/attention/pattern.h"
#include "plugin_list.h"
#include "terminal.h"

namespace fathom {
namespace {

ListedPlugin listed(const PatternPlugin& pattern) {
  return {pattern.name, pattern.summary, pattern.paper, pattern.parameters};
}

int list_patterns(bool markdown) {
  std::string text;
  if (markdown)
    text = "| pattern | a query sees | parameters | from |\n| --- | --- | --- | --- |\n";
  for (const PatternPlugin* pattern : patterns::all())
    text += markdown ? as_markdown(listed(*pattern)) : as_text(listed(*pattern));
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
