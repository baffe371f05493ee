#include "plugin_list.h"

#include "fathom/base/parameter_parser.h"

namespace fathom {
namespace {

// "name(size=..., at=[0])": what may be left out with what it then is.
std::string form_of(const ListedPlugin& plugin) {
  std::string parameters;
  for (const ParameterInfo& parameter : plugin.parameters)
    parameters += (parameters.empty() ? "" : ", ") + std::string(parameter.name) + "=" +
                  (parameter.required ? "..." : to_text(parameter.fallback));
  return std::string(plugin.name) + (parameters.empty() ? "" : "(" + parameters + ")");
}

}  // namespace

std::string as_text(const ListedPlugin& plugin) {
  std::string text = std::string(plugin.name) + ": " + std::string(plugin.summary) + "\n";
  for (const ParameterInfo& parameter : plugin.parameters)
    text += "  " + std::string(parameter.name) + ": " + std::string(parameter.help) +
            (parameter.required ? "" : " (default: " + to_text(parameter.fallback) + ")") + "\n";
  return text + "  from " + std::string(plugin.paper) + "\n";
}

std::string as_markdown(const ListedPlugin& plugin) {
  std::string meanings;
  for (const ParameterInfo& parameter : plugin.parameters)
    meanings += (meanings.empty() ? "`" : "; `") + std::string(parameter.name) +
                "`: " + std::string(parameter.help);
  return "| `" + form_of(plugin) + "` | " + std::string(plugin.summary) + " | " + meanings + " | " +
         std::string(plugin.paper) + " |\n";
}

}  // namespace fathom
