// fathom eval TASK: measures a model.
#include <memory>
#include <string>

#include "command.h"
#include "fathom/eval/task.h"
#include "interrupt.h"
#include "model_flags.h"
#include "terminal.h"
#include "text_file.h"

namespace fathom {
namespace {

struct Flags {
  ModelFlags model;
  std::string file;
  size_t window = 2048;
  size_t chunk = 512;
  bool json = false;
};

Status show(const nlohmann::json& figures, bool json) {
  if (json) return print_json(nlohmann::ordered_json(figures));
  std::string lines;
  for (const auto& [name, value] : figures.items()) lines += name + ": " + value.dump() + "\n";
  return print(lines);
}

int evaluate(const Task& task, const Flags& flags) {
  const auto settings = check(flags.model);
  if (!settings.ok()) return misused(settings.error());
  auto text = read_text(flags.file);
  if (!text.ok()) return failed(text.error());
  const auto engine = Engine::load(settings.value().engine);
  if (!engine.ok()) return failed(engine.error());
  const Status fits = check_context("--window", flags.window, engine.value()->model());
  if (!fits.ok()) return misused(fits.error());
  const Status there = check_attention(settings.value().attention, engine.value()->model());
  if (!there.ok()) return misused(there.error());
  const Status kept = check_kv(*settings, *engine.value());
  if (!kept.ok()) return misused(kept.error());
  catch_interrupt();
  const auto figures = [&] {
    ProgressLine line("scoring");
    return task.run({.engine = engine.value().get(),
                     .attention = settings.value().attention,
                     .kv = settings.value().kv,
                     .text = std::move(*text),
                     .window = flags.window,
                     .chunk = flags.chunk,
                     .progress = [&line](const Progress& progress) {
                       line.show(progress);
                       return !interrupted();
                     }});
  }();
  if (!figures.ok()) {
    failed({flags.file + ": " + figures.error().message});
    return interrupted() ? kInterrupted : kFailed;
  }
  nlohmann::json all = figures.value();
  all["model"] = flags.model.model;
  all["precision"] = flags.model.precision;
  const Status shown = show(all, flags.json);
  return shown.ok() ? kDone : failed(shown.error());
}

CLI::App* add_task(CLI::App& app, const Task& task, Flags& flags) {
  CLI::App* sub = app.add_subcommand(std::string(task.name), std::string(task.summary));
  add_model_flags(*sub, flags.model);
  sub->add_option("-f,--file", flags.file, "The text to measure on; - is standard input")
      ->required()
      ->check(file_name());
  sub->add_option("--window", flags.window, "Tokens a window (default: 2048)")
      ->check(whole_number(4, kMostTokens));
  sub->add_option("-b,--chunk", flags.chunk,
                  "Tokens read at a time (default: 512); 1 reads as decoding does")
      ->check(whole_number(1, 1 << 20));
  sub->add_flag("--json", flags.json, "Print one JSON object");
  sub->footer("Example:\n  fathom eval " + std::string(task.name) +
              " -m smollm2-135m -f book.txt --window 2048 --attn streaming");
  return sub;
}

}  // namespace

Command eval_command(CLI::App& program) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* app = program.add_subcommand("eval", "Measure a model");
  app->require_subcommand(1);
  std::vector<std::pair<CLI::App*, const Task*>> added;
  for (const Task* task : tasks::all()) added.emplace_back(add_task(*app, *task, *flags), task);
  return {app, [flags, added] {
            for (const auto& [sub, task] : added)
              if (sub->parsed()) return evaluate(*task, *flags);
            return kDone;
          }};
}

}  // namespace fathom
