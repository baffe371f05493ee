// fathom policies: what --kv may keep.
#include <memory>

#include "command.h"
#include "fathom/kv/policy.h"
#include "plugin_list.h"
#include "terminal.h"

namespace fathom {
namespace {

ListedPlugin listed(const PolicyPlugin& policy) {
  return {policy.name, policy.summary, policy.paper, policy.parameters};
}

int list_policies(bool markdown) {
  std::string text;
  if (markdown)
    text = "| policy | the cache keeps | parameters | from |\n| --- | --- | --- | --- |\n";
  for (const PolicyPlugin* policy : policies::all())
    text += markdown ? as_markdown(listed(*policy)) : as_text(listed(*policy));
  const Status printed = print(text);
  return printed.ok() ? kDone : failed(printed.error());
}

}  // namespace

Command policies_command(CLI::App& program) {
  const auto markdown = std::make_shared<bool>(false);
  CLI::App* app = program.add_subcommand("policies", "List the cache policies of --kv");
  app->add_flag("--markdown", *markdown, "As a table, as docs/policies.md has it");
  app->footer(
      "Examples, of --kv:\n"
      "  fathom run -m smollm2-135m -f report.txt -p 'Summarise.' --kv q4\n"
      "  fathom run ... --kv 'q8; snapkv(budget=0.1)'\n"
      "  fathom run ... --kv 'streaming(sinks=4, recent=2048)'");
  return {app, [markdown] { return list_policies(*markdown); }};
}

}  // namespace fathom
